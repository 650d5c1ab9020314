"""Every column that names an object of the store: what none of them names is an orphan (`app.core.orphans`).

Whoever adds a table that names objects adds it here; `tests/house/test_stored_names.py` finds a forgotten one.
"""

from sqlmodel import col

from app import tables
from app.core.orphans import StoredNames
from app.services.cameras.messages import MessageState

_file, _message, _shield = tables.cameras.EvidenceFile, tables.cameras.CameraMessage, tables.etle_shields.PlateShield
_settlement = tables.billing_settlement.SettlementFile

STORED_NAMES = StoredNames(
    (
        (_file.stored_as, col(_file.deleted_at).is_(None)),
        (_file.sha256, col(_file.stored_as).is_(None) & col(_file.deleted_at).is_(None)),
        (_message.stored_as, col(_message.state).in_((MessageState.RECEIVED, MessageState.REFUSED))),
        (
            _message.sha256,
            col(_message.stored_as).is_(None) & col(_message.state).in_((MessageState.RECEIVED, MessageState.REFUSED)),
        ),
        (_shield.first_sha256, col(_shield.withdrawn_at).is_(None)),
        (_shield.second_sha256, col(_shield.withdrawn_at).is_(None)),
        (tables.etle_evidence.ShownPicture.photo, None),
        (tables.etle_evidence.ShownPicture.crop, None),
        (tables.etle.Attachment.sha256, None),
        (tables.etle.VerdictFile.sha256, None),
        (tables.cases.PaperConsent.scan_sha256, None),
        (tables.applications.ApplicationDocument.sha256, None),
        (tables.applications.ApplicationMessage.file_sha256, None),
        (tables.applications_uploads.UploadPiece.sha256, None),
        (tables.applications_issued.IssuedDocumentRow.sha256, None),
        (_settlement.stored_as, None),
        (_settlement.sha256, col(_settlement.stored_as).is_(None) & col(_settlement.forgotten_at).is_(None)),
        (tables.notifications.Message.document, None),
        (tables.notifications.Letter.document, None),
        (tables.notifications.OutboxMessage.document, None),
    )
)

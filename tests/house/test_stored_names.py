"""No column that names an object of the store is forgotten where orphans are swept: what nothing names is deleted."""

import re

from app.stored_names import STORED_NAMES
from app.tables import metadata

NAMES_OBJECTS = re.compile(r"sha256$|^document$|^stored_as$")
NO_OBJECT = {
    "captures.content_sha256": "a digest of what was said",
    "payment_orders.sha256": "the file is written anew from the rows",
    "reference_revisions.file_sha256": "a digest; the file is not kept",
    "uploads.document": "the name of a paper; its pieces name objects",
    "shown_pictures.photo_sha256": "a digest; `photo` names the sealed object",
}


def test_every_column_that_names_objects_is_known_to_the_sweep() -> None:
    known = {f"{each.class_.__tablename__}.{each.key}" for each, _ in STORED_NAMES.columns}
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if NAMES_OBJECTS.search(column.name)
    }
    assert found - known - set(NO_OBJECT) == set()
    assert set(NO_OBJECT) <= found

"""Files as people hand them in, and what lies in the store."""

import io
from typing import Any

import obstore
from PIL import Image

from app.core.house import House

GPS_IFD, MAKER, DESCRIPTION, GPS_AREA = 0x8825, 0x010F, 0x010E, 0x001C


def phone_picture(kind: str = "JPEG", shade: int = 90) -> bytes:
    """A picture as a telephone takes it: who made it, what it says, and where it was taken."""
    exif = Image.Exif()
    exif[MAKER], exif[DESCRIPTION] = "MARKER-PHONE", "<script>MARKER-WORDS</script>"
    exif.get_ifd(GPS_IFD).update(
        {1: "S", 2: (6.0, 12.0, 31.5), 3: "E", 4: (106.0, 49.0, 3.0), GPS_AREA: b"MARKER-PLACE"}
    )
    out = io.BytesIO()
    Image.new("RGB", (320, 200), (shade, 120, 200)).save(out, kind, exif=exif)
    return out.getvalue()


async def objects(house: House) -> dict[str, bytes]:
    """Everything that lies in the store."""
    store: Any = house.storage._store
    paths = [each["path"] for page in obstore.list(store) for each in page]
    return {path.rpartition("/")[2]: bytes(obstore.get(store, path).bytes()) for path in paths}

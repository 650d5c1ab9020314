"""Messages as cameras of each vendor push them; plates, names and pictures are made up.

Each function writes one event at an instant by the camera's clock, as content type and body. `event` is what the vendor
numbers it by: the same again is the same event.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

Message = tuple[str, bytes]
PLATE = "B1234XYZ"
JAKARTA = timezone(timedelta(hours=7))
BOUNDARY = "boundary"


def hikvision(
    at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "20260302-1", late: bool = False
) -> Message:
    """An ANPR event; `late` after an outage."""
    xml = (
        '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">'
        "<ipAddress>10.0.0.9</ipAddress><macAddress>aa:bb:cc:00:11:22</macAddress><channelID>1</channelID>"
        f"<dateTime>{at.astimezone(JAKARTA).isoformat(timespec='seconds')}</dateTime><eventType>ANPR</eventType>"
        f"<ANPR><country>64</country><licensePlate>{plate}</licensePlate><line>2</line><direction>reverse</direction>"
        "<confidenceLevel>97</confidenceLevel><plateCharBelieve>99,99,98,99,99,97,99,99</plateCharBelieve>"
        "<vehicleType>vehicle</vehicleType><vehicleInfo><color>white</color><speed>41</speed>"
        "<vehicleLogoRecog>1036</vehicleLogoRecog></vehicleInfo><pictureInfoList><pictureInfo>"
        "<fileName>detectionPicture.jpg</fileName><type>detectionPicture</type><plateRect><X>691</X><Y>397</Y>"
        "<width>59</width><height>34</height></plateRect></pictureInfo></pictureInfoList></ANPR>"
        f"<UUID>{event}</UUID><isDataRetransmission>{str(late).lower()}</isDataRetransmission></EventNotificationAlert>"
    )
    body = _part("anpr.xml", "text/xml", xml.encode()) + _part("detectionPicture.jpg", "image/pjpeg", picture)
    return f"multipart/form-data; boundary={BOUNDARY}", body + f"--{BOUNDARY}--\r\n".encode()


def dahua(at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "gate-uuid") -> Message:
    """A `TollgateInfo`; Dahua numbers nothing, so the event is its device."""
    local = at.astimezone(JAKARTA)
    return _json(
        {
            "Picture": {
                "Plate": {
                    "IsExist": True,
                    "PlateNumber": plate,
                    "Confidence": 204,
                    "BoundingBox": [100, 200, 300, 260],
                    "Channel": 0,
                    "Region": "ID",
                },
                "Vehicle": {"VehicleColor": "Black", "VehicleSign": "Toyota", "VehicleType": "SaloonCar", "Speed": 41},
                "SnapInfo": {
                    "DeviceID": event,
                    "AccurateTime": f"{local:%Y-%m-%d %H:%M:%S}.123",
                    "TimeZone": 7,
                    "LanNo": 1,
                    "Direction": "Obverse",
                    "OpenStrobe": False,
                },
                "NormalPic": {"PicName": "a.jpg", "Content": _b64(picture)},
                "CutoutPic": {"Content": ""},
            }
        }
    )


def axis(at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "34939", state: str = "new") -> Message:
    """A post of License Plate Verifier with its image; a car has up to three."""
    told = {
        "packetCounter": "8104955",
        "capture_timestamp": str(int(at.timestamp() * 1000)),
        "datetime": "20260302 095800000",
        "plateUTF8": plate,
        "plateASCII": plate,
        "plateCountry": "IDN",
        "plateConfidence": "0.725149",
        "carState": state,
        "roiID": "1",
        "carMoveDirection": "unknown" if state == "new" else "in",
        "carID": event,
        "plateCoordinates": [670, 496, 276, 44],
        "vehicle_info": {"view": "front", "type": "CAR", "color": "BLUE", "brand": "Toyota", "model": "Avanza"},
        "camera_info": {"SerialNumber": "ACCC8E000000"},
    }
    body = _part("event", "application/json", json.dumps(told).encode()) + _part("image", "image/jpeg", picture)
    return f'multipart/form-data; boundary="{BOUNDARY}"', body + f"--{BOUNDARY}--\r\n".encode()


def milesight(at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "Gate 1") -> Message:
    """A plate event, declared as text, as some firmware does; numbered by its device alone."""
    local = f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}"
    told = {
        "device": event,
        "time": local,
        "time_msec": f"{local}.267",
        "plate": plate,
        "type": "Visitor",
        "speed": "41",
        "direction": "Approach",
        "detection_region": "1",
        "region": "IDN",
        "coordinate_x1": "100",
        "coordinate_y1": "200",
        "coordinate_x2": "220",
        "coordinate_y2": "240",
        "confidence": "0.70",
        "vehicle_type": "Car",
        "vehicle_color": "Black",
        "Vehicle Brand": "Toyota",
        "plate_image": "",
        "full_image": _b64(picture),
    }
    return "text/plain", json.dumps(told).encode()


def openalpr(at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "agent-1") -> Message:
    """An `alpr_group` of an agent."""
    return _json(
        {
            "data_type": "alpr_group",
            "camera_id": 2090267338,
            "best_uuid": event,
            "best_plate_number": plate,
            "best_confidence": 90.2,
            "best_region": "id",
            "epoch_start": int(at.timestamp() * 1000),
            "travel_direction": 285.9,
            "candidates": [{"plate": plate, "confidence": 90.2}, {"plate": "B1284XYZ", "confidence": 71}],
            "best_plate": {
                "coordinates": [{"x": 110, "y": 300}, {"x": 227, "y": 295}, {"x": 227, "y": 348}, {"x": 113, "y": 352}]
            },
            "vehicle": {"color": [{"name": "black", "confidence": 80.1}], "make": []},
            "vehicle_crop_jpeg": _b64(picture),
        }
    )


def stream(
    at: datetime, *, picture: bytes, plate: str = PLATE, event: str = "camera-1", second_shape: bool = False
) -> Message:
    """A `recognition` hook of Plate Recognizer Stream with its picture."""
    box = {"xmin": 148, "ymin": 478, "xmax": 288, "ymax": 579}
    result: dict[str, Any] = {
        "plate": plate.lower(),
        "score": 0.896,
        "dscore": 0.74,
        "box": box,
        "region": {"code": "id", "score": 0.9},
        "candidates": [{"plate": plate.lower(), "score": 0.896}, {"plate": "b1284xyz"}],
        "vehicle": {"type": "Sedan", "score": 0.84},
        "model_make": [{"make": "Toyota", "model": "Avanza", "score": 0.43}],
        "color": [{"color": "black", "score": 0.7}],
        "orientation": [{"orientation": "Rear", "score": 0.88}],
    }
    if second_shape:
        guesses = [{"value": plate.lower(), "score": 0.896}, {"value": "b1284xyz", "score": 0.5}]
        result = {
            "plate": {"box": box, "props": {"plate": guesses, "region": [{"value": "id", "score": 0.9}]}},
            "vehicle": {
                "type": "Sedan",
                "props": {
                    "make_model": [{"make": "Toyota", "model": "Avanza", "score": 0.43}],
                    "color": [{"value": "black", "score": 0.7}],
                    "orientation": [{"value": "Rear", "score": 0.88}],
                },
            },
        }
    hook = {
        "hook": {"id": "camera-1", "event": "recognition", "filename": "c/a.jpg"},
        "data": {
            "camera_id": event,
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "results": [{**result, "direction": 210, "speed": 41, "position_sec": "23.47"}],
        },
    }
    body = _part("json", "", json.dumps(hook).encode()) + _part("upload", "image/jpeg", picture)
    return f"multipart/form-data; boundary={BOUNDARY}", body + f"--{BOUNDARY}--\r\n".encode()


FORMS: Mapping[str, Callable[..., Message]] = {
    "hikvision": hikvision,
    "dahua": dahua,
    "axis": axis,
    "milesight": milesight,
    "openalpr": openalpr,
    "plate-recognizer": stream,
}


def _part(name: str, media_type: str, data: bytes) -> bytes:
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n{kind}\r\n'
    return head.encode() + data + b"\r\n"


def _json(told: dict[str, Any]) -> Message:
    return "application/json", json.dumps(told).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()

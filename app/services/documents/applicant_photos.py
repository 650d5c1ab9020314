"""Is this photo fit for a licence or a certificate? Said before anybody pays, with every fault at once.

The rule (``data/photo_rules.yaml``) says what is wanted. What a machine sees surely is a problem that the citizen
mends; where it may err (no face found, an edited background, shade) it warns, and an officer looks. What the rule's `looks`
name (glasses, teeth, a collar) no machine here decides.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from PIL import Image

from app.services.documents import photo_problems as say
from app.services.documents.backgrounds import measure_background
from app.services.documents.faces import Face, Faces, find_faces
from app.services.documents.file_kinds import PICTURES, PictureType
from app.services.documents.light import Area, measure_light, sharpness
from app.services.documents.opening import Opened, open_picture
from app.services.documents.photo_problems import Finding, PhotoProblem
from app.services.documents.photo_rules import PhotoRule
from app.services.documents.uploads import MAX_ATTACHMENT_BYTES

MEASURED_SIDE = 960
LEAST_SIDE = 64
"""Pixels; in anything smaller there is nothing to measure."""
BLURRED_BELOW, SOFT_BELOW = 2.0, 3.2
"""See `light.sharpness`: a face is refused when it is blurred by more than about 1.6 % of its own width."""
DARK_BELOW = 80.0
"""Grey value of the brightest fiftieth of the picture."""
SHADE_SHARE = 0.22
"""Median of the face as a share of what is bright around it."""
GLARE_FROM = 0.12
"""Share of the face that is burnt out."""
COLOURLESS_BELOW = 12.0
"""Difference of channels (of 255) in the most colourful twentieth of the picture."""


@dataclass(frozen=True, slots=True)
class PhotoVerdict:
    """What was found. Width and height in pixels as a person sees the picture; `media_type` is what was sent."""

    problems: tuple[PhotoProblem, ...]
    warnings: tuple[PhotoProblem, ...]
    width: int
    height: int
    media_type: PictureType

    @property
    def fits(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.problems


def check_applicant_photo(
    data: bytes,
    rule: PhotoRule,
    *,
    max_bytes: int = MAX_ATTACHMENT_BYTES,
    wanted: Collection[str] = PICTURES,
) -> PhotoVerdict:
    """Holds a photo against a rule. One core needs 0.2 s for 480 x 640 pixels, 0.3 s for a JPEG of 12 megapixels and 1 s for
    a HEIC; the largest PNG takes 3 s and 300 MB.

    Problems (what is no whole picture at all): as `open_picture`.
    """
    opened = open_picture(data, side=MEASURED_SIDE, max_bytes=max_bytes, wanted=wanted)
    found = list(_of_size(opened, rule))
    if min(opened.width, opened.height) >= LEAST_SIDE:
        faces = find_faces(opened.picture)
        light = list(_of_light(opened.picture, faces.main, rule))
        found += _of_faces(faces, rule)
        if not any(each.what.code == say.TOO_DARK.code for each in light):  # in the dark every wall is grey
            found += _of_background(opened.picture, faces.main, rule)
        found += light
    return PhotoVerdict(
        problems=tuple(each.what for each in found if each.refuses),
        warnings=tuple(each.what for each in found if not each.refuses),
        width=opened.width,
        height=opened.height,
        media_type=opened.media_type,
    )


def _of_size(opened: Opened, rule: PhotoRule) -> Iterator[Finding]:
    if opened.width < rule.min_width or opened.height < rule.min_height:
        least = {"min_width": rule.min_width, "min_height": rule.min_height}
        yield Finding(say.TOO_SMALL(rule.good, width=opened.width, height=opened.height, **least))
    if rule.ratio is not None:
        wide, high = rule.ratio
        if abs(opened.width * high / (opened.height * wide) - 1) > rule.tolerance:
            size = {"width": opened.width, "height": opened.height}
            yield Finding(say.WRONG_SHAPE(rule.good, **size, shape=f"{wide} : {high}"))


def _of_faces(faces: Faces, rule: PhotoRule) -> Iterator[Finding]:
    face, wanted = faces.main, rule.face
    if face is None:
        yield Finding(say.NO_FACE(rule.good), refuses=False)
        return
    if faces.others:
        yield Finding(say.SEVERAL_FACES(rule.good))
    percent = round(face.width * 100)
    if face.width < wanted.width[0]:
        least = round(wanted.width[0] * 100)
        yield Finding(say.FACE_SMALL(rule.good, percent=percent, min_percent=least), refuses=face.sure)
    elif face.width > wanted.width[1]:
        most = round(wanted.width[1] * 100)
        yield Finding(say.FACE_LARGE(rule.good, percent=percent, max_percent=most), refuses=face.sure)
    if not (wanted.across[0] <= face.across <= wanted.across[1] and wanted.down[0] <= face.down <= wanted.down[1]):
        yield Finding(say.FACE_PLACE(rule.good), refuses=face.sure)


def _of_background(picture: Image.Image, face: Face | None, rule: PhotoRule) -> Iterator[Finding]:
    behind = measure_background(picture, face, rule.background)
    wanted = say.COLOUR_NAMES[rule.background]
    if behind.is_patterned:
        yield Finding(say.MIXED_BACKGROUND(rule.good, wanted=wanted))
    elif behind.is_wanted:
        if behind.looks_edited:
            yield Finding(say.EDITED_BACKGROUND(rule.good), refuses=False)
    elif rule.background == "white" and behind.is_shadowed_white:
        yield Finding(say.SHADOWED_BACKGROUND(rule.good))
    elif behind.seen in (None, rule.background):
        yield Finding(say.MIXED_BACKGROUND(rule.good, wanted=wanted))
    else:
        yield Finding(say.WRONG_BACKGROUND(rule.good, seen=say.COLOUR_NAMES[str(behind.seen)], wanted=wanted))


def _of_light(picture: Image.Image, face: Face | None, rule: PhotoRule) -> Iterator[Finding]:
    area = _area(picture, face)
    light = measure_light(picture, area)
    if light.brightest < DARK_BELOW:
        yield Finding(say.TOO_DARK(rule.good))
    elif face is not None and light.face < SHADE_SHARE * light.around:
        yield Finding(say.FACE_IN_SHADE(rule.good), refuses=False)
    if face is not None and light.glare > GLARE_FROM:
        yield Finding(say.GLARE(rule.good))
    if light.colour < COLOURLESS_BELOW:
        yield Finding(say.NO_COLOUR(rule.good))
    sharp = sharpness(picture, area)
    if sharp < BLURRED_BELOW:
        yield Finding(say.BLURRED(rule.good), refuses=face is not None)
    elif sharp < SOFT_BELOW:
        yield Finding(say.SOFT(rule.good), refuses=False)


def _area(picture: Image.Image, face: Face | None) -> Area:
    """Where the face is; without one, where it should be."""
    width, height = picture.size
    if face is None:
        return (round(0.25 * width), round(0.15 * height), round(0.75 * width), round(0.65 * height))
    right, bottom = face.x + face.width, face.y + face.height
    return (round(face.x * width), round(face.y * height), round(right * width), round(bottom * height))

"""What can be wrong with a photo, a signature or a scanned paper, each with a sentence and an example of a good one.

These are findings and no refusals of a request: a citizen sees all of them at once, beside the picture. A *problem* is
to be mended before anybody pays; a *warning* is a hint for the officer, where a machine may err and must not decide.
"""

from dataclasses import dataclass

from app.core.texts import Text


@dataclass(frozen=True, slots=True)
class PhotoProblem:
    """One finding: `code` is stable, `says` is what is wrong and wanted, `example` describes a good one."""

    code: str
    says: Text
    example: Text


@dataclass(frozen=True, slots=True)
class PhotoProblemType:
    """A kind of finding. Its sentence may hold ``{placeholders}``; without an example of its own the rule's stands."""

    code: str
    says: Text
    example: Text | None = None

    def __call__(self, good: Text, **params: object) -> PhotoProblem:
        """The finding, filled in; `good` is the rule's example of a good picture."""
        texts = {name: value for name, value in params.items() if isinstance(value, Text)}
        plain = {name: value for name, value in params.items() if not isinstance(value, Text)}
        says = Text(
            self.says.id.format(**plain, **{name: each.id for name, each in texts.items()}),
            self.says.en.format(**plain, **{name: each.en for name, each in texts.items()}),
        )
        return PhotoProblem(self.code, says, self.example or good)


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, and whether it is a problem or only a warning."""

    what: PhotoProblem
    refuses: bool = True


COLOUR_NAMES = {
    "blue": Text("biru", "blue"),
    "red": Text("merah", "red"),
    "yellow": Text("kuning", "yellow"),
    "white": Text("putih", "white"),
    "grey": Text("abu-abu atau gelap", "grey or dark"),
    "green": Text("hijau", "green"),
}

TOO_SMALL = PhotoProblemType(
    "photo-too-small",
    Text(
        "Foto ini {width} x {height} piksel; perlu sedikitnya {min_width} x {min_height}.",
        "The picture is {width} x {height} pixels; at least {min_width} x {min_height} are needed.",
    ),
    Text(
        "Foto langsung dari kamera ponsel, bukan tangkapan layar dan bukan kiriman aplikasi pesan yang mengecilkannya.",
        "A picture straight from a phone's camera, not a screenshot and not one that a messaging app made smaller.",
    ),
)
WRONG_SHAPE = PhotoProblemType(
    "photo-wrong-shape",
    Text(
        "Perbandingan lebar dan tinggi foto ini {width} : {height}; potong menjadi {shape}.",
        "The picture's width to height is {width} : {height}; crop it to {shape}.",
    ),
)
NO_COLOUR = PhotoProblemType(
    "photo-no-colour",
    Text("Foto ini hitam putih; kirim foto berwarna.", "The picture is black and white; send one in colour."),
)
WRONG_BACKGROUND = PhotoProblemType(
    "photo-background-colour",
    Text(
        "Latar belakang terlihat {seen}; yang diminta {wanted}.",
        "The background looks {seen}; it has to be {wanted}.",
    ),
)
MIXED_BACKGROUND = PhotoProblemType(
    "photo-background-not-plain",
    Text(
        "Latar belakang tidak polos: ada corak, benda, atau tepi di belakang Anda. Yang diminta {wanted} polos.",
        "The background is not plain: a pattern, a thing or an edge is behind you. It has to be plain {wanted}.",
    ),
)
SHADOWED_BACKGROUND = PhotoProblemType(
    "photo-background-shadow",
    Text(
        "Latar belakang putih terlalu gelap atau tertutup bayangan.",
        "The white background is too dark or lies in shadow.",
    ),
    Text(
        "Berdiri satu langkah di depan dinding, menghadap jendela, agar bayangan tidak jatuh di belakang Anda.",
        "Stand a step in front of the wall and face a window, so that no shadow falls behind you.",
    ),
)
EDITED_BACKGROUND = PhotoProblemType(
    "photo-background-edited",
    Text(
        "Latar belakang sangat rata seperti hasil edit. Petugas akan memeriksa apakah latarnya asli.",
        "The background is so even that it looks edited. An officer will see whether it is real.",
    ),
)
NO_FACE = PhotoProblemType(
    "photo-no-face-found",
    Text(
        "Wajah tidak ditemukan oleh mesin. Bila wajah Anda jelas terlihat, lanjutkan saja; petugas akan melihatnya.",
        "The machine found no face. If yours is plain to see, just go on; an officer will look.",
    ),
)
SEVERAL_FACES = PhotoProblemType(
    "photo-several-faces",
    Text(
        "Ada lebih dari satu wajah. Foto harus memuat Anda sendiri.",
        "There is more than one face. The picture must show you alone.",
    ),
)
FACE_SMALL = PhotoProblemType(
    "photo-face-too-small",
    Text(
        "Wajah terlalu kecil: {percent}% lebar foto, sedikitnya {min_percent}%. Mendekatlah atau potong fotonya.",
        "The face is too small: {percent}% of the picture's width, at least {min_percent}%. Come closer, or crop it.",
    ),
)
FACE_LARGE = PhotoProblemType(
    "photo-face-too-large",
    Text(
        "Wajah terlalu besar: {percent}% lebar foto, paling banyak {max_percent}%. Mundurlah sedikit.",
        "The face is too large: {percent}% of the picture's width, at most {max_percent}%. Step back a little.",
    ),
)
FACE_PLACE = PhotoProblemType(
    "photo-face-place",
    Text(
        "Wajah tidak di tempatnya: harus di tengah, di bagian atas foto, dengan bahu terlihat.",
        "The face is not in its place: it has to be in the middle, in the upper part, with shoulders to be seen.",
    ),
)
BLURRED = PhotoProblemType(
    "photo-blurred",
    Text("Foto ini buram atau goyang.", "The picture is blurred or shaken."),
    Text(
        "Lap lensanya, sentuh layar pada bagian yang penting agar fokus, tahan ponsel dengan dua tangan.",
        "Wipe the lens, touch the screen where it matters so that it focuses, hold the phone with both hands.",
    ),
)
SOFT = PhotoProblemType(
    "photo-soft",
    Text("Foto ini kurang tajam. Petugas akan melihatnya.", "The picture is not very sharp. An officer will look."),
)
TOO_DARK = PhotoProblemType(
    "photo-too-dark",
    Text("Foto ini terlalu gelap.", "The picture is too dark."),
    Text("Menghadap jendela di siang hari, lampu menyala.", "Facing a window by day, with the lights on."),
)
FACE_IN_SHADE = PhotoProblemType(
    "photo-face-in-shade",
    Text(
        "Wajah jauh lebih gelap daripada latarnya; mungkin cahaya datang dari belakang. Petugas akan melihatnya.",
        "The face is far darker than what is behind it; perhaps the light comes from behind. An officer will look.",
    ),
)
GLARE = PhotoProblemType(
    "photo-glare",
    Text(
        "Wajah terlalu terang atau silau; bagian putihnya tidak terbaca lagi.",
        "The face is too bright or glaring; nothing is left to see in its white parts.",
    ),
    Text("Matikan lampu kilat, hindari matahari langsung.", "Switch the flash off, keep out of direct sun."),
)

# --- signatures

NO_INK = PhotoProblemType(
    "signature-too-little-ink",
    Text(
        "Tanda tangan tidak terlihat atau terlalu kecil.",
        "There is no signature to be seen, or it is too small.",
    ),
)
MUCH_INK = PhotoProblemType(
    "signature-too-much-ink",
    Text(
        "Terlalu banyak yang gelap untuk sebuah tanda tangan: jangan ada gambar, tulisan, atau benda lain.",
        "Too much is dark for a signature: no drawing, writing or thing may be beside it.",
    ),
)
CUT_OFF = PhotoProblemType(
    "signature-touches-edge",
    Text(
        "Tanda tangan terpotong di tepi foto. Sisakan kertas kosong di sekelilingnya.",
        "The signature is cut off at the picture's edge. Leave blank paper all around it.",
    ),
)
LINED_PAPER = PhotoProblemType(
    "signature-lined-paper",
    Text(
        "Kertasnya bergaris atau berkotak. Pakai kertas putih polos.",
        "The paper is ruled or squared. Use plain white paper.",
    ),
)
FAINT_INK = PhotoProblemType(
    "signature-faint",
    Text("Tintanya terlalu pucat. Pakai tinta hitam yang tebal.", "The ink is too faint. Use thick black ink."),
)
COLOURED_INK = PhotoProblemType(
    "signature-coloured-ink",
    Text(
        "Tintanya tampak berwarna, bukan hitam. Petugas akan melihatnya.",
        "The ink looks coloured, not black. An officer will look.",
    ),
)
DARK_PAPER = PhotoProblemType(
    "signature-paper-not-white",
    Text(
        "Kertasnya tidak putih, atau fotonya terlalu gelap.",
        "The paper is not white, or the picture is too dark.",
    ),
)
SHADOW = PhotoProblemType(
    "signature-shadow",
    Text(
        "Ada bayangan di atas kertas, mungkin bayangan tangan atau ponsel.",
        "There is a shadow on the paper, perhaps of the hand or the phone.",
    ),
)

# --- scanned papers

GOOD_SCAN = Text(
    "Seluruh kertas terlihat dan lurus, di tempat terang, tulisannya terbaca saat diperbesar.",
    "The whole paper is seen and straight, in good light, its writing readable when enlarged.",
)
SCAN_SMALL = PhotoProblemType(
    "scan-too-small",
    Text(
        "Foto ini {width} x {height} piksel, terlalu kecil untuk dibaca; sisi panjangnya perlu sedikitnya {long_side}, sisi pendeknya {short_side}.",
        "The picture is {width} x {height} pixels, too small to read; its long side needs at least {long_side}, its short side {short_side}.",
    ),
    TOO_SMALL.example,
)
SCAN_BLANK = PhotoProblemType(
    "scan-blank",
    Text("Tidak ada yang dapat dibaca di foto ini.", "There is nothing to read in this picture."),
)
SCAN_BLURRED = PhotoProblemType("scan-blurred", BLURRED.says, BLURRED.example)
SCAN_DARK = PhotoProblemType(
    "scan-too-dark", TOO_DARK.says, Text("Kertas di dekat jendela.", "The paper near a window.")
)

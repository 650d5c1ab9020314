"""What the log refuses."""

from app.core.problems import ProblemType
from app.core.texts import Text

LEAF_NOT_FOUND = ProblemType(
    "transparency-not-recorded",
    404,
    Text("Tidak ada di dalam log", "Not in the log"),
    Text(
        "Catatan ini tidak ada di dalam log, atau belum diurutkan. Catatan baru masuk dalam beberapa detik.",
        "This record is not in the log, or not yet. New records enter within seconds.",
    ),
)
NO_SUCH_SIZE = ProblemType(
    "transparency-no-such-size",
    404,
    Text("Ukuran log tidak dikenal", "No such log size"),
    Text(
        "Log berisi {size} catatan; mintalah ukuran 1 sampai {size}, yang lama tidak melebihi yang baru.",
        "The log holds {size} records; ask for sizes from 1 to {size}, the old one not above the new.",
    ),
)
NO_SUCH_TILE = ProblemType(
    "transparency-no-such-tile",
    404,
    Text("Ubin log tidak ada", "No such tile"),
    Text(
        "Ubin ini belum ada atau belum selebar itu; hitunglah dari ukuran pada checkpoint terbaru.",
        "This tile is not there, or not that wide yet; compute it from the size in the newest checkpoint.",
    ),
)

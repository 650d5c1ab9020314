"""The service standard that the law wants published: the 14 components of UU 25/2009 art. 21, made of the file. Pure.

Art. 20 obliges whoever gives a service to draw the standard up, art. 21 says of what, art. 22 wants the promise to keep it
(`PROMISE`). What holds for every service of this software stands here; what is a service's own stands in its file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.money import show_rupiah
from app.core.texts import Text
from app.services.catalogue.prices import Price, PriceCase
from app.services.catalogue.service import DocumentRule, Service


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its letter in art. 21, its name, and what it says."""

    letter: str
    name: Text
    says: tuple[Text, ...]


PROMISE = Text(
    "Kami sanggup menyelenggarakan pelayanan sesuai standar ini. Bila tidak, Anda berhak mengadu, dan yang Anda bayar untuk "
    "permohonan yang ditolak dikembalikan seluruhnya tanpa diminta.",
    "We undertake to serve by this standard. If we do not, you may complain, and what you paid for an application that is "
    "refused comes back in full without your asking.",
)
BY_UNIT = Text("Ditetapkan dan diumumkan oleh kesatuan.", "Set and published by the unit.")
NOT_MET = Text(
    "Permohonan belum dapat diterima, atau diperiksa petugas dahulu, dalam hal berikut.",
    "An application is not taken yet, or is looked at by a person first, in these cases.",
)
_HOUSE: Mapping[str, Text] = MappingProxyType(
    {
        "facilities": Text(
            "Halaman daring pada ponsel atau komputer, dan loket kesatuan bagi yang tidak memiliki ponsel.",
            "Pages for telephone or computer, and the unit's counter for whoever has no telephone.",
        ),
        "supervision": Text(
            "Petugas ditentukan dengan undian yang dapat dihitung ulang; setiap langkah tercatat dalam log publik; setiap kali "
            "petugas melihat data Anda, Anda dapat mengetahuinya; penolakan diperiksa petugas kedua.",
            "Officers are chosen by a draw that anyone can recompute; every step is in a public log; every look at your data is "
            "shown to you; a refusal is looked at by a second officer.",
        ),
        "complaints": Text(
            "Pesan di dalam permohonan, atau pengaduan kepada kesatuan dan Polda-nya.",
            "A message inside the application, or a complaint to the unit and its Polda.",
        ),
        "guarantee": Text(
            "Biaya dikembalikan seluruhnya bila permohonan ditolak.",
            "The price comes back in full when an application is refused.",
        ),
        "safety": Text(
            "Data pribadi disimpan terenkripsi; dokumen yang terbit bertanda tangan elektronik dan dapat diperiksa siapa pun.",
            "Personal data is kept encrypted; issued documents are signed electronically and can be checked by anyone.",
        ),
        "evaluation": Text(
            "Waktu penyelesaian yang nyata diterbitkan sebagai statistik terbuka.",
            "Real processing times are published as open statistics.",
        ),
    }
)


def standard_of(service: Service, price: Price) -> tuple[Component, ...]:
    """The 14 components in the order of art. 21."""

    def own(key: str) -> tuple[Text, ...]:
        return (service.standard.get(key) or _HOUSE.get(key) or BY_UNIT,)

    return (
        Component("a", Text("Dasar hukum", "Legal basis"), tuple(_law(each.rule, each.says) for each in service.law)),
        Component("b", Text("Persyaratan", "Requirements"), _requirements(service)),
        Component(
            "c", Text("Sistem, mekanisme, dan prosedur", "System, mechanism and procedure"), service.steps or (BY_UNIT,)
        ),
        Component("d", Text("Jangka waktu penyelesaian", "Time to completion"), (working_time(service),)),
        Component("e", Text("Biaya atau tarif", "Cost"), _costs(price)),
        Component("f", Text("Produk pelayanan", "Product"), _product(service)),
        Component("g", Text("Sarana, prasarana, dan fasilitas", "Facilities"), own("facilities")),
        Component("h", Text("Kompetensi pelaksana", "Competence of staff"), own("competence")),
        Component("i", Text("Pengawasan internal", "Internal supervision"), own("supervision")),
        Component(
            "j", Text("Penanganan pengaduan, saran, dan masukan", "Complaints and suggestions"), own("complaints")
        ),
        Component("k", Text("Jumlah pelaksana", "Number of staff"), own("staffing")),
        Component("l", Text("Jaminan pelayanan", "Guarantee of service"), own("guarantee")),
        Component("m", Text("Jaminan keamanan dan keselamatan", "Guarantee of security and safety"), own("safety")),
        Component("n", Text("Evaluasi kinerja pelaksana", "Evaluation of performance"), own("evaluation")),
    )


def working_time(service: Service) -> Text:
    """The service level in words; the clock stops while something is asked of the applicant."""
    hours = service.service_level_hours
    return Text(
        f"{hours} jam kerja sejak dibayar; waktu menunggu perbaikan dari Anda tidak dihitung.",
        f"{hours} working hours from payment; the time in which we wait for you does not count.",
    )


def money_words(low: int, high: int) -> Text:
    """A price or a range of it."""
    if low == high:
        return Text(show_rupiah(low, "id"), show_rupiah(low, "en"))
    return Text(
        f"{show_rupiah(low, 'id')} sampai {show_rupiah(high, 'id')}",
        f"{show_rupiah(low, 'en')} to {show_rupiah(high, 'en')}",
    )


def _law(rule: str, says: Text) -> Text:
    return Text(f"{rule}: {says.id}", f"{rule}: {says.en}")


def _requirements(service: Service) -> tuple[Text, ...]:
    papers = tuple(_paper(each) for each in service.documents)
    rules = (NOT_MET, *(each.says for each in service.eligibility)) if service.eligibility else ()
    return (*papers, *rules) or (BY_UNIT,)


def _paper(document: DocumentRule) -> Text:
    if document.required.source == "true":
        return document.title
    return Text(f"{document.title.id} (bila diperlukan)", f"{document.title.en} (where needed)")


def _costs(price: Price) -> tuple[Text, ...]:
    said = [_case(each) for each in price.cases if each.lines]
    said += [Text(f"{each.says.id}: {show_rupiah(each.amount, 'id')} bila berlaku", f"{each.says.en}: {show_rupiah(each.amount, 'en')} where it applies") for each in price.may_add]  # fmt: skip
    if not said:
        said = [Text("Tidak dipungut biaya.", "Free of charge.")]
    for cost in price.others:
        if cost.amount is None:
            said.append(Text(f"{cost.says.id}: ditetapkan pihak lain", f"{cost.says.en}: set by others"))
        else:
            said.append(
                Text(
                    f"{cost.says.id}: {show_rupiah(cost.amount, 'id')}",
                    f"{cost.says.en}: {show_rupiah(cost.amount, 'en')}",
                )
            )
    return (*said, *price.other_lines)


def _case(case: PriceCase) -> Text:
    ids, ens = " + ".join(each.says.id for each in case.lines), " + ".join(each.says.en for each in case.lines)
    return Text(f"{ids}: {show_rupiah(case.total, 'id')}", f"{ens}: {show_rupiah(case.total, 'en')}")


def _product(service: Service) -> tuple[Text, ...]:
    own = service.standard.get("product")
    if own is not None:
        return (own,)
    return (service.issues.title,) if service.issues is not None else (BY_UNIT,)

"""What is wrong with an answer, in a sentence that names the question and says what is wanted. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from jsonschema.exceptions import ValidationError

from app.core.texts import Text
from app.services.catalogue.service import Field

FORMAT_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "date": Text("isi tanggal, misalnya 2026-03-31", "give a date, such as 2026-03-31"),
        "time": Text("isi jam, misalnya 08:30", "give a time, such as 08:30"),
        "email": Text("isi alamat surel, misalnya nama@contoh.id", "give an e-mail address, such as name@example.org"),
        "uri": Text("isi alamat web yang dimulai dengan https://", "give a web address that begins with https://"),
        "nik": Text("isi NIK, 16 angka seperti tertulis pada KTP", "give a NIK, the 16 digits on the KTP"),
        "plate": Text("isi nomor polisi, misalnya B 1234 XYZ", "give a plate number, such as B 1234 XYZ"),
        "mobile": Text("isi nomor ponsel, misalnya 0812 3456 7890", "give a mobile number, such as 0812 3456 7890"),
    }
)
TYPE_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "string": Text("isi dengan teks", "give a text"),
        "integer": Text("isi dengan bilangan bulat, angka saja", "give a whole number, digits alone"),
        "number": Text("isi dengan angka", "give a number"),
        "boolean": Text("jawab ya atau tidak", "answer yes or no"),
        "array": Text("pilih dari daftar", "choose from the list"),
        "object": Text("lengkapi bagian-bagiannya", "fill in its parts"),
    }
)


def sentence(each: Field, error: ValidationError) -> Text:
    """What is wrong with this answer and what is wanted instead. Never repeats what was typed."""
    return named(each, _words(each, str(error.validator), error.validator_value))


def named(each: Field, words: Text) -> Text:
    """A sentence about this question; a title that asks loses its question mark in it."""
    return Text(f"{each.title.id.rstrip('? ')}: {words.id}.", f"{each.title.en.rstrip('? ')}: {words.en}.")


def required(each: Field) -> Text:
    """The sentence for a question that is not answered."""
    if each.kind == "boolean":
        return named(each, Text("jawab pertanyaan ini", "answer this question"))
    if each.choices:
        return named(each, Text("pilih salah satu", "choose one"))
    return named(each, Text("wajib diisi", "this is needed"))


SIMPLE: Mapping[str, Text] = MappingProxyType(
    {
        "minLength": Text("paling sedikit {wanted} huruf atau angka", "at least {wanted} characters"),
        "maxLength": Text("paling banyak {wanted} huruf atau angka", "at most {wanted} characters"),
        "minimum": Text("paling sedikit {wanted}", "at least {wanted}"),
        "maximum": Text("paling banyak {wanted}", "at most {wanted}"),
        "exclusiveMinimum": Text("harus lebih dari {wanted}", "must be more than {wanted}"),
        "exclusiveMaximum": Text("harus kurang dari {wanted}", "must be less than {wanted}"),
        "multipleOf": Text("harus kelipatan {wanted}", "must be a multiple of {wanted}"),
        "minItems": Text("pilih paling sedikit {wanted}", "choose at least {wanted}"),
        "maxItems": Text("pilih paling banyak {wanted}", "choose at most {wanted}"),
        "uniqueItems": Text("satu pilihan jangan disebut dua kali", "name each choice once"),
        "required": Text("ada bagian yang belum diisi: {wanted}", "a part of it is missing: {wanted}"),
        "pattern": Text("bentuknya belum sesuai; contoh: {example}", "not in the right form; an example: {example}"),
    }
)
OTHER = Text("belum sesuai; contoh: {example}", "not right yet; an example: {example}")
MOST_CHOICES = 12


def _words(each: Field, keyword: str, wanted: object) -> Text:
    match keyword:
        case "enum":
            return _choices(each)
        case "const" if wanted is True:
            return Text("harus disetujui", "must be agreed to")
        case "type":
            return TYPE_WORDS.get(str(wanted), OTHER.fill(example=each.example))
        case "format":
            return FORMAT_WORDS[str(wanted)]
    shown = ", ".join(map(str, wanted)) if isinstance(wanted, list) else wanted
    return SIMPLE.get(keyword, OTHER).fill(wanted=shown, example=each.example)


def _choices(each: Field) -> Text:
    shown = [each.label(value) for value in each.choices[:MOST_CHOICES]]
    more = len(each.choices) > len(shown)
    ids, ens = ", ".join(text.id for text in shown), ", ".join(text.en for text in shown)
    return Text(f"pilih dari: {ids}{', ...' if more else ''}", f"choose from: {ens}{', ...' if more else ''}")

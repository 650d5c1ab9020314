"""What goes in and out where money comes home: the payee's account, what waits, and payment orders."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.texts import Lang, Text
from app.routers.schemas.tickets import no_controls
from app.services.billing import (
    AccountState,
    AccountView,
    NamesView,
    OrderView,
    OwedRefund,
    PayingAccount,
    PayoutView,
    RefundView,
    Tally,
    Waiting,
)

_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)

ACCOUNT_WORDS: dict[str, Text] = {
    "unchecked": Text(
        "Kami sedang menanyakan nama pemiliknya kepada bank; hasilnya kami kabarkan.",
        "We are asking the bank for the holder's name, and tell you what it says.",
    ),
    "checked": Text("Nama pemilik rekening cocok.", "The account is in your name."),
    "names_alike": Text(
        "Nama di bank hampir sama dengan nama Anda; seorang petugas memeriksanya.",
        "The name at the bank is nearly yours; an officer looks at it.",
    ),
    "not_confirmed": Text(
        "Bank belum memastikan pemilik rekening; seorang petugas memeriksanya.",
        "The bank has not said whose account it is; an officer looks at it.",
    ),
    "other_holder": Text(
        "Nama pemilik rekening bukan nama orang yang dituju perkara ini. Berikan rekening atas nama Anda sendiri.",
        "The account is not in the name of the person whom this case is addressed to. Give an account in your own name.",
    ),
    "no_account": Text(
        "Bank tidak mengenal nomor rekening ini. Periksa bank dan nomornya.",
        "The bank knows no such account. Check the bank and the number.",
    ),
    "by_person": Text(
        "Petugas memeriksa dan menolak rekening ini. Berikan rekening atas nama Anda sendiri.",
        "An officer looked and refused this account. Give an account in your own name.",
    ),
    "returned": Text(
        "Bank penerima mengembalikan uangnya kepada kami. Berikan rekening lain atas nama Anda sendiri.",
        "The receiving bank sent the money back to us. Give another account in your own name.",
    ),
}


def account_words(view: AccountView) -> Text:
    """What is known of an account, and what to do, in words."""
    if view.state in (AccountState.CHECKED, AccountState.UNCHECKED):
        return ACCOUNT_WORDS[view.state]
    return ACCOUNT_WORDS.get(view.reason or "", ACCOUNT_WORDS["not_confirmed"])


class RefundAccountIn(BaseModel):
    """The account into which everything that is owed to you goes, in your own name."""

    model_config = _STRICT
    bank_code: Annotated[str, Field(pattern=r"^[0-9]{3}$", examples=["002"])]
    number: Annotated[str, Field(min_length=5, max_length=34), AfterValidator(no_controls)]
    holder: Annotated[str, Field(min_length=2, max_length=140), AfterValidator(no_controls)]


class RefundAccountOut(BaseModel):
    """The account as it is kept, with the last digits only. `state`: unchecked, checked, doubtful, refused, returned."""

    bank_code: str
    bank: str
    masked_number: str
    state: str
    reason: str | None
    message: str
    given_at: datetime

    @classmethod
    def of(cls, view: AccountView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            bank_code=view.bank_code,
            bank=view.bank,
            masked_number=view.masked,
            state=view.state,
            reason=view.reason,
            message=account_words(view).say(lang),
            given_at=view.given_at,
        )


class RefundOut(BaseModel):
    """Money that is owed back, or was. `state`: owed, paid_out, forfeited."""

    id: UUID
    amount: int
    currency: str = "IDR"
    reason: str
    state: str
    owed_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, view: RefundView) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            amount=view.amount,
            reason=view.reason,
            state=view.state,
            owed_at=view.owed_at,
            closed_at=view.closed_at,
        )


class RefundsOut(BaseModel):
    """Everything that comes home in this case. `on_its_way`: a payment order has it."""

    refunds: list[RefundOut]
    account: RefundAccountOut | None
    on_its_way: bool
    claim_until: datetime | None


class BankOut(BaseModel):
    """A bank by the code that `bank_code` wants."""

    code: str
    name: str
    short: str


class BanksOut(BaseModel):
    """Every bank that can be named."""

    banks: list[BankOut]


class OwedOut(BaseModel):
    """An owed refund as finance sees it: no name, the account masked."""

    id: UUID
    case_id: UUID
    reference: str
    amount: int
    reason: str
    owed_at: datetime
    waiting: Waiting
    account_id: UUID | None
    bank: str | None
    masked_number: str | None
    account_state: str | None

    @classmethod
    def of(cls, view: OwedRefund) -> Self:
        """The view as JSON."""
        account = view.account
        return cls(
            id=view.id,
            case_id=view.case_id,
            reference=view.reference,
            amount=view.amount,
            reason=view.reason,
            owed_at=view.owed_at,
            waiting=view.waiting,
            account_id=account.id if account else None,
            bank=account.bank if account else None,
            masked_number=account.masked if account else None,
            account_state=account.state if account else None,
        )


class TallyOut(BaseModel):
    """How many refunds wait for the same thing, and how much they are together (rupiah)."""

    count: int
    total: int

    @classmethod
    def of(cls, view: Tally) -> Self:
        """The view as JSON."""
        return cls(count=view.count, total=view.total)


class OwedPage(BaseModel):
    """A page of owed refunds, oldest first, and how much waits for what in the whole Polda."""

    refunds: list[OwedOut]
    totals: dict[Waiting, TallyOut]
    next: str | None


class NamesOut(BaseModel):
    """The three names to compare. The look is recorded, and the payee reads it."""

    account: RefundAccountOut
    given: str | None
    at_bank: str | None
    person: str | None

    @classmethod
    def of(cls, account: AccountView, names: NamesView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            account=RefundAccountOut.of(account, lang), given=names.given, at_bank=names.at_bank, person=names.person
        )


class AccountDecisionIn(BaseModel):
    """Whether the account is the payee's."""

    model_config = _STRICT
    accept: bool


class PayingAccountOut(BaseModel):
    """An account out of which this Polda pays."""

    code: str
    bank: str
    name: str
    message: str

    @classmethod
    def of(cls, account: PayingAccount) -> Self:
        """The account as JSON; its number stays inside."""
        return cls(code=account.code, bank=account.bank, name=account.name, message=account.message)


class OrderIn(BaseModel):
    """Draft an order out of this account, to be executed on this day."""

    model_config = _STRICT
    account: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,40}$")]
    execute_on: date


class EndIn(BaseModel):
    """Why an order is withdrawn or void; it is logged."""

    model_config = _STRICT
    reason: Annotated[str, Field(min_length=5, max_length=300), AfterValidator(no_controls)]


class OrderOut(BaseModel):
    """A payment order. `sha256` is of its file, known from the release on; `open`: payouts that no statement has shown."""

    id: UUID
    number: str
    polda: str
    account: str
    state: str
    count: int
    total: int
    open: int
    execute_on: date
    drafted_by: str
    drafted_at: datetime
    released_by: str | None
    released_at: datetime | None
    sha256: str | None
    ended_by: str | None
    ended_at: datetime | None
    ended_why: str | None

    @classmethod
    def of(cls, view: OrderView) -> Self:
        """The view as JSON."""
        same = {name: getattr(view, name) for name in cls.model_fields if name not in ("polda", "account")}
        return cls(**same, polda=view.polda_code, account=view.account_code)


class PayoutOut(BaseModel):
    """One refund in an order. `state`: live, paid, returned, dropped."""

    id: UUID
    case_id: UUID | None
    reference: str | None
    amount: int
    end_to_end_id: str
    state: str
    booked_on: date | None
    return_reason: str | None
    bank: str | None
    masked_number: str | None

    @classmethod
    def of(cls, view: PayoutView) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            case_id=view.case_id,
            reference=view.reference,
            amount=view.amount,
            end_to_end_id=view.end_to_end_id,
            state=view.state,
            booked_on=view.booked_on,
            return_reason=view.return_reason,
            bank=view.account.bank if view.account else None,
            masked_number=view.account.masked if view.account else None,
        )


class OrderWithPayouts(OrderOut):
    """One order with everything that it pays."""

    payouts: list[PayoutOut]


class OrdersPage(BaseModel):
    """A page of orders, newest first, and the accounts out of which this Polda pays."""

    orders: list[OrderOut]
    accounts: list[PayingAccountOut]
    next: str | None

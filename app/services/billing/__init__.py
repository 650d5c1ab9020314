"""Bills, the ledger, and the banks. Money is a ledger: a bill is paid when a balanced double entry says so.

The place where a fine becomes paid is `payments.post_payment`.
"""

from app.services.billing.account_names import (
    AccountNames,
    Holder,
    NameAnswer,
    build_account_names,
    enter_known_account,
)
from app.services.billing.bank_list import BankName, bank_list
from app.services.billing.banks import BankProfile, bank_profile, bank_profiles
from app.services.billing.bills import (
    BillView,
    LineOf,
    VirtualAccountView,
    bill_by_id,
    bill_of,
    bills_of,
    cancel_bill,
    cancel_unpaid_bills,
    expire,
    open_bill,
    replace_bill,
    virtual_accounts,
)
from app.services.billing.checking import LedgerReport, ledger_check
from app.services.billing.deposits import OVERPAID, Settlement, deposit_of, settle_verdict
from app.services.billing.ledger import OpenAccounts
from app.services.billing.models import Bill, BillState, Purpose, RefundState
from app.services.billing.money_sheet import MoneySheet, MoneySheets, Sheet
from app.services.billing.order_queries import (
    OrderView,
    PayoutView,
    get_order,
    list_orders,
    list_payouts,
    units_of,
)
from app.services.billing.paying import PayingAccount, PayingAccounts, PayingAccountsError, build_paying_accounts
from app.services.billing.payment_orders import (
    OrderFile,
    download,
    draft_order,
    release_order,
    void_order,
    withdraw_order,
)
from app.services.billing.payments import BILL_PAID, PaymentView, payment_of, post_payment, reverse_payment
from app.services.billing.payouts import (
    Outcome,
    account_of_payout,
    came_back_on,
    close_by_debit,
    is_under_way,
    reopen_by_return,
)
from app.services.billing.refund_accounts import (
    AccountView,
    GivenAccount,
    NamesView,
    ask_bank,
    cases_owed,
    find_account,
    name_payee,
    names_of,
    parse_account,
    view_of,
)
from app.services.billing.refund_accounts import decide as decide_account
from app.services.billing.refund_accounts import give as give_account
from app.services.billing.refund_asking import ask_payees
from app.services.billing.refund_models import AccountState, OrderState, PayoutState
from app.services.billing.refund_queue import (
    OwedRefund,
    Tally,
    Waiting,
    list_owed,
    tally,
)
from app.services.billing.refunds import RefundView, forfeit, owe_all, owe_refund, pay_out, refunds_of
from app.services.billing.statement_paper import Figure, clearing_lines, file_lines, statement_pdf
from app.services.billing.statements import (
    ClosingStatement,
    StatementDay,
    closing_statement,
    statement_csv,
    statement_days,
    unit_for,
)
from app.services.billing.treasury.remittances import remitted_of
from app.services.billing.treasury.waiting import payee_of

__all__ = [
    "BILL_PAID",
    "OVERPAID",
    "AccountNames",
    "AccountState",
    "AccountView",
    "BankName",
    "BankProfile",
    "Bill",
    "BillState",
    "BillView",
    "ClosingStatement",
    "Figure",
    "GivenAccount",
    "Holder",
    "LedgerReport",
    "LineOf",
    "MoneySheet",
    "MoneySheets",
    "NameAnswer",
    "NamesView",
    "OpenAccounts",
    "OrderFile",
    "OrderState",
    "OrderView",
    "Outcome",
    "OwedRefund",
    "PayingAccount",
    "PayingAccounts",
    "PayingAccountsError",
    "PaymentView",
    "PayoutState",
    "PayoutView",
    "Purpose",
    "RefundState",
    "RefundView",
    "Settlement",
    "Sheet",
    "StatementDay",
    "Tally",
    "VirtualAccountView",
    "Waiting",
    "account_of_payout",
    "ask_bank",
    "ask_payees",
    "bank_list",
    "bank_profile",
    "bank_profiles",
    "bill_by_id",
    "bill_of",
    "bills_of",
    "build_account_names",
    "build_paying_accounts",
    "came_back_on",
    "cancel_bill",
    "cancel_unpaid_bills",
    "cases_owed",
    "clearing_lines",
    "close_by_debit",
    "closing_statement",
    "decide_account",
    "deposit_of",
    "download",
    "draft_order",
    "enter_known_account",
    "expire",
    "file_lines",
    "find_account",
    "forfeit",
    "get_order",
    "give_account",
    "is_under_way",
    "ledger_check",
    "list_orders",
    "list_owed",
    "list_payouts",
    "name_payee",
    "names_of",
    "open_bill",
    "owe_all",
    "owe_refund",
    "parse_account",
    "pay_out",
    "payee_of",
    "payment_of",
    "post_payment",
    "refunds_of",
    "release_order",
    "remitted_of",
    "reopen_by_return",
    "replace_bill",
    "reverse_payment",
    "settle_verdict",
    "statement_csv",
    "statement_days",
    "statement_pdf",
    "tally",
    "unit_for",
    "units_of",
    "view_of",
    "virtual_accounts",
    "void_order",
    "withdraw_order",
]

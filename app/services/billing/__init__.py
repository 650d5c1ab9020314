"""Bills, the ledger, and the banks. Money is a ledger: a bill is paid when a balanced double entry says so.

The place where a fine becomes paid is `payments.post_payment`.
"""

from app.services.billing.banks import BankProfile, bank_profile, bank_profiles
from app.services.billing.bills import (
    BillView,
    VirtualAccountView,
    bill_by_id,
    bill_of,
    bills_of,
    cancel_bill,
    cancel_unpaid_bills,
    expire,
    open_bill,
    virtual_accounts,
)
from app.services.billing.checking import LedgerReport, ledger_check
from app.services.billing.deposits import Settlement, deposit_of, settle_verdict
from app.services.billing.models import Bill, BillState, Purpose, RefundState
from app.services.billing.payments import BILL_PAID, PaymentView, payment_of, post_payment, reverse_payment
from app.services.billing.refunds import RefundView, forfeit, owe_all, owe_refund, pay_out, refunds_of

__all__ = [
    "BILL_PAID",
    "BankProfile",
    "Bill",
    "BillState",
    "BillView",
    "LedgerReport",
    "PaymentView",
    "Purpose",
    "RefundState",
    "RefundView",
    "Settlement",
    "VirtualAccountView",
    "bank_profile",
    "bank_profiles",
    "bill_by_id",
    "bill_of",
    "bills_of",
    "cancel_bill",
    "cancel_unpaid_bills",
    "deposit_of",
    "expire",
    "forfeit",
    "ledger_check",
    "open_bill",
    "owe_all",
    "owe_refund",
    "pay_out",
    "payment_of",
    "post_payment",
    "refunds_of",
    "reverse_payment",
    "settle_verdict",
    "virtual_accounts",
]

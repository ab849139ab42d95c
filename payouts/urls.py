"""Addresses of floor 5."""

from django.urls import path

from payouts.views import callbacks, finance, lists, order_money, statements

app_name = "payouts"

HOME, ORDER = "s/<str:shop>/finance/", "s/<str:shop>/orders/<str:code>/"

urlpatterns = [
    path(HOME, finance.finance_page, name="finance"),
    path(f"{HOME}ledger/", lists.ledger_page, name="ledger"),
    path(f"{HOME}ledger/<slug:kind>/<str:source>/<int:step>/", finance.transaction_page, name="transaction"),
    path(f"{HOME}statements/", lists.statement_list, name="statement_list"),
    path(f"{HOME}statements/<str:code>/", statements.statement_page, name="statement"),
    path(f"{HOME}statements/<str:code>/lines.csv", statements.statement_csv, name="statement_csv"),
    path(f"{HOME}payouts/", lists.payout_list, name="payout_list"),
    path(f"{HOME}payouts/<str:code>/", statements.payout_page, name="payout"),
    path(f"{ORDER}money/", order_money.order_money, name="order_money"),
    path(f"{ORDER}refund-preview/", order_money.refund_preview, name="refund_preview"),
    path("callbacks/bank/", callbacks.bank_callback, name="bank_callback"),
]

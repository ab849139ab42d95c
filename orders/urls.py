"""Addresses of floor 4."""

from django.urls import path

from orders.views import callbacks, order_list, order_page, packages, return_list, returns

app_name = "orders"

LIST, ONE = "s/<str:shop>/orders/", "s/<str:shop>/orders/<str:code>/"
PACKAGE, RETURN = "s/<str:shop>/packages/<str:code>/", "s/<str:shop>/returns/<str:code>/"

urlpatterns = [
    path(LIST, order_list.order_list, name="order_list"),
    path(f"{LIST}shipping/", order_list.ship_preview, name="ship_preview"),
    path(f"{LIST}shipments/", order_list.ship_many, name="ship_many"),
    path(f"{LIST}label-preview/", order_list.label_preview, name="label_preview"),
    path(f"{LIST}labels/", order_list.buy_labels, name="buy_labels"),
    path(f"{LIST}label-sheets/", order_list.label_sheets, name="label_sheets"),
    path(f"{LIST}slips/", order_list.slip_sheets, name="slip_sheets"),
    path(ONE, order_page.order_page, name="order"),
    path(f"{ONE}cancellation/", order_page.order_cancel, name="order_cancel"),
    path(f"{ONE}refund/", order_page.order_refund, name="order_refund"),
    path(PACKAGE, packages.package_page, name="package"),
    path(f"{PACKAGE}slip.pdf", packages.package_slip, name="package_slip"),
    path(f"{PACKAGE}label.pdf", packages.package_label, name="package_label"),
    path(f"{PACKAGE}shipment/", packages.package_shipment, name="package_shipment"),
    path(f"{PACKAGE}label/", packages.package_buy_label, name="package_buy_label"),
    path(f"{PACKAGE}number/", packages.package_number, name="package_number"),
    path("s/<str:shop>/returns/", return_list.return_list, name="return_list"),
    path(RETURN, returns.return_page, name="return"),
    path(f"{RETURN}approval/", returns.return_approval, name="return_approval"),
    path(f"{RETURN}refusal/", returns.return_refusal, name="return_refusal"),
    path(f"{RETURN}receipt/", returns.return_receipt, name="return_receipt"),
    path(f"{RETURN}refund/", returns.return_refund, name="return_refund"),
    path(f"{RETURN}release/", returns.return_release, name="return_release"),
    path(f"{RETURN}rejection/", returns.return_rejection, name="return_rejection"),
    path("callbacks/payment/", callbacks.payment, name="payment_callback"),
    path("callbacks/carrier/", callbacks.carrier, name="carrier_callback"),
]

"""Addresses of floor 8: what buyers see. No log-in; an order is opened by the secret link its buyer was given."""

from django.urls import path

from storefront import views, views_buying, views_editor, views_order

app_name = "storefront"

urlpatterns = [
    path("s/<str:shop>/storefront/", views_editor.editor, name="editor"),
    path("shop/", views.shops, name="shops"),
    path("shop/<str:slug>/", views.shop_page, name="shop"),
    path("shop/<str:slug>/p/<str:product>/", views.product_page, name="product"),
    path("shop/<str:slug>/basket/", views_buying.basket, name="basket"),
    path("shop/<str:slug>/basket/lines/", views_buying.put_in, name="put_in"),
    path("shop/<str:slug>/basket/quantity/", views_buying.set_quantity, name="set_quantity"),
    path("shop/<str:slug>/basket/coupon/", views_buying.coupon, name="coupon"),
    path("shop/<str:slug>/checkout/", views_buying.checkout, name="checkout"),
    path("shop/<str:slug>/orders/<str:token>/", views_order.order, name="order"),
    path("shop/<str:slug>/orders/<str:token>/payment/", views_order.payment, name="payment"),
    path("shop/<str:slug>/orders/<str:token>/cancellation/", views_order.call_off, name="cancellation"),
    path("shop/<str:slug>/orders/<str:token>/return/", views_order.ask_return, name="return"),
    path("shop/<str:slug>/orders/<str:token>/return/parcel/", views_order.send_back, name="send_back"),
    path("shop/<str:slug>/orders/<str:token>/return/withdrawal/", views_order.withdraw_return, name="withdrawal"),
    path("shop/<str:slug>/orders/<str:token>/message/", views_order.message, name="message"),
    path("shop/<str:slug>/orders/<str:token>/review/", views_order.review, name="review"),
]

"""Addresses of floor 3."""

from django.urls import path

from marketing import views, views_list

app_name = "marketing"

urlpatterns = [
    path("s/<str:shop>/marketing/", views_list.coupon_list, name="coupon_list"),
    path("s/<str:shop>/marketing/coupons/new/", views.coupon_new, name="coupon_new"),
    path("s/<str:shop>/marketing/coupons/<str:code>/", views.coupon_page, name="coupon"),
    path("s/<str:shop>/marketing/coupons/<str:code>/change/", views.coupon_change, name="coupon_change"),
    path("s/<str:shop>/marketing/coupons/<str:code>/start/", views.coupon_start, name="coupon_start"),
    path("s/<str:shop>/marketing/coupons/<str:code>/pause/", views.coupon_pause, name="coupon_pause"),
    path("s/<str:shop>/marketing/coupons/<str:code>/end/", views.coupon_end, name="coupon_end"),
]

"""The product's addresses and those of the floors."""

from django.urls import path

from benchmarks import views
from seller_center import urls as product

urlpatterns = [
    path("bench/floor/", views.floor_page, name="bench_floor"),
    path("bench/list/", views.floor_list, name="bench_list"),
    *product.urlpatterns,
]
handler400, handler403, handler404 = product.handler400, product.handler403, product.handler404
handler500 = product.handler500

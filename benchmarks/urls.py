"""The product's addresses and one page that shows nothing, behind all of the product's middleware."""

from django.urls import path

from benchmarks import views
from seller_center import urls as product

urlpatterns = [
    path("bench/empty/", views.floor_page, name="bench_empty"),
    *product.urlpatterns,
]
handler400, handler403, handler404 = product.handler400, product.handler403, product.handler404
handler500 = product.handler500

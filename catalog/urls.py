"""Addresses of floor 2."""

from django.urls import path

from catalog.views import import_list, imports, product_list, products, stock

app_name = "catalog"

LIST, ONE = "s/<str:shop>/products/", "s/<str:shop>/products/<str:code>/"
PICTURE = f"{ONE}pictures/<int:picture>/"
IMPORTS, IMPORT = "s/<str:shop>/imports/", "s/<str:shop>/imports/<str:code>/"

urlpatterns = [
    path(LIST, product_list.product_list, name="product_list"),
    path(f"{LIST}new/", products.product_new, name="product_new"),
    path(f"{LIST}export/", product_list.product_export, name="product_export"),
    path(ONE, products.product_page, name="product"),
    path(f"{ONE}words/", products.product_edit, name="product_edit"),
    path(f"{ONE}options/", products.product_options, name="product_options"),
    path(f"{ONE}skus/", products.product_skus, name="product_skus"),
    path(f"{ONE}publication/", products.product_publication, name="product_publication"),
    path(f"{ONE}pause/", products.product_pause, name="product_pause"),
    path(f"{ONE}archive/", products.product_archive, name="product_archive"),
    path(f"{ONE}restoration/", products.product_restoration, name="product_restoration"),
    path(f"{ONE}draft/", products.product_redraft, name="product_redraft"),
    path(f"{ONE}sold-out/", products.product_sold_out, name="product_sold_out"),
    path(f"{ONE}back-in-stock/", products.product_back_in_stock, name="product_back_in_stock"),
    path(f"{ONE}pictures/", products.product_pictures, name="product_pictures"),
    path(f"{PICTURE}removal/", products.picture_removal, name="picture_removal"),
    path(f"{PICTURE}first-place/", products.picture_main, name="picture_main"),
    path(f"{PICTURE}words/", products.picture_words, name="picture_words"),
    path("s/<str:shop>/stock/", stock.stock_list, name="stock"),
    path("s/<str:shop>/stock/counts/", stock.stock_count, name="stock_count"),
    path("s/<str:shop>/stock/low/", stock.low_stock, name="low_stock"),
    path("s/<str:shop>/stock/journal/", stock.stock_journal, name="stock_journal"),
    path(IMPORTS, import_list.import_list, name="import_list"),
    path(f"{IMPORTS}new/", imports.import_new, name="import_new"),
    path(f"{IMPORTS}template.csv", imports.import_template, name="import_template"),
    path(IMPORT, imports.import_page, name="import"),
    path(f"{IMPORT}application/", imports.import_application, name="import_application"),
    path(f"{IMPORT}discard/", imports.import_discard, name="import_discard"),
    path(f"{IMPORT}check/", imports.import_check, name="import_check"),
    path(f"{IMPORT}rows.csv", imports.import_rows, name="import_rows"),
]

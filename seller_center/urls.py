"""Every address of the site, floor by floor."""

from django.contrib import admin
from django.urls import include, path

from seller_center import api, views_lists
from seller_center.help import help_page
from seller_center.search import search

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("shops.account_urls")),
    path("", include("seller_center.frame_urls")),
    path("", include("catalog.urls")),
    path("", include("marketing.urls")),
    path("", include("orders.urls")),
    path("", include("payouts.urls")),
    path("", include("support.urls")),
    path("", include("analytics.urls")),
    path("s/<str:shop>/search/", search, name="search"),
    path("s/<str:shop>/help/", help_page, name="help"),
    path("s/<str:shop>/lists/<slug:name>/export/", views_lists.list_export, name="list_export"),
    path("s/<str:shop>/lists/<slug:name>/views/", views_lists.list_view, name="list_view"),
    path(
        "s/<str:shop>/lists/<slug:name>/views/<int:number>/removal/",
        views_lists.list_view_removal,
        name="list_view_removal",
    ),
    path("s/<str:shop>/lists/<slug:name>/columns/", views_lists.list_columns, name="list_columns"),
    path("s/<str:shop>/lists/<slug:name>/deeds/<slug:key>/", views_lists.list_deed, name="list_deed"),
    path("", include("storefront.urls")),
    path("", include("shops.urls")),
    path("api/v1/", include((api.urls(), "api"))),
]

handler400 = "seller_center.error_pages.bad_request"
handler403 = "seller_center.error_pages.forbidden"
handler404 = "seller_center.error_pages.not_found"
handler429 = "seller_center.error_pages.too_many"  # allauth's own
handler500 = "seller_center.error_pages.broken"

"""Addresses of the frame: appearance, the installable app, the style guide."""

from django.urls import path

from seller_center import views

urlpatterns = [
    path("theme/", views.set_theme, name="theme"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("service-worker.js", views.service_worker, name="service_worker"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("offline/", views.offline, name="offline"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("styleguide/storefront/", views.styleguide_storefront, name="styleguide_storefront"),
]

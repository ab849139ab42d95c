"""Addresses of floor 7."""

from django.urls import path

from analytics import views

app_name = "analytics"

urlpatterns = [
    path("s/<str:shop>/", views.home, name="home"),
    path("s/<str:shop>/health/", views.health, name="health"),
    path("s/<str:shop>/health/<str:month>/", views.review, name="review"),
    path("s/<str:shop>/analytics/", views.reports, name="reports"),
    path("s/<str:shop>/analytics/sales.csv", views.sales_csv, name="sales_csv"),
]

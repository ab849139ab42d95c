"""Addresses of floor 7."""

from django.urls import path

from analytics import views, views_home, views_reports, views_tour

app_name = "analytics"

HOME = "s/<str:shop>/"
WIDGET = f"{HOME}home/widgets/<slug:widget>/"
REPORTS = f"{HOME}analytics/"

urlpatterns = [
    path(HOME, views_home.page, name="home"),
    path(f"{HOME}home/order/", views_home.order, name="home_order"),
    path(f"{HOME}home/standard/", views_home.standard, name="home_standard"),
    path(WIDGET, views_home.widget_card, name="widget"),
    path(f"{WIDGET}place/", views_home.widget_place, name="widget_place"),
    path(f"{WIDGET}addition/", views_home.widget_addition, name="widget_addition"),
    path(f"{WIDGET}removal/", views_home.widget_removal, name="widget_removal"),
    path(f"{HOME}tour/", views_tour.page, name="tour"),
    path(f"{HOME}tour/start/", views_tour.start, name="tour_start"),
    path(f"{HOME}health/", views.health, name="health"),
    path(f"{HOME}health/<str:month>/", views.review, name="review"),
    path(REPORTS, views_reports.sales, name="reports"),
    path(f"{REPORTS}sales.csv", views_reports.sales_csv, name="sales_csv"),
    path(f"{REPORTS}hours.csv", views_home.hours_csv, name="hours_csv"),
    path(f"{REPORTS}visits/", views_reports.visits, name="visits"),
    path(f"{REPORTS}visits/funnel.csv", views_reports.funnel_csv, name="funnel_csv"),
    path(f"{REPORTS}visits/sources.csv", views_reports.sources_csv, name="sources_csv"),
    path(f"{REPORTS}products/", views_reports.best_products, name="best_products"),
    path(f"{REPORTS}products/products.csv", views_reports.products_csv, name="products_csv"),
    path(f"{REPORTS}buyers/", views_reports.buyers, name="buyers"),
    path(f"{REPORTS}buyers/cohorts.csv", views_reports.cohorts_csv, name="cohorts_csv"),
]

"""The addresses of the floors."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks import views


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("alive")


urlpatterns = [
    path("healthz", alive),
    path("bench/floor/", views.floor_page),
    path("bench/list/", views.floor_list),
]

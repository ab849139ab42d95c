"""Addresses of floor 6."""

from django.urls import path

from support import views, views_lists

app_name = "support"

urlpatterns = [
    path("s/<str:shop>/support/", views.home, name="support"),
    path("s/<str:shop>/support/tickets/", views_lists.ticket_list, name="ticket_list"),
    path("s/<str:shop>/support/tickets/new/", views.ticket_new, name="ticket_new"),
    path("s/<str:shop>/support/tickets/<str:code>/", views.ticket_page, name="ticket"),
    path("s/<str:shop>/support/tickets/<str:code>/reply/", views.ticket_reply, name="ticket_reply"),
    path("s/<str:shop>/support/tickets/<str:code>/solution/", views.ticket_solve, name="ticket_solve"),
    path("s/<str:shop>/support/messages/", views_lists.message_list, name="messages"),
    path("s/<str:shop>/support/messages/<str:code>/", views.conversation_page, name="conversation"),
    path("s/<str:shop>/support/messages/<str:code>/answer/", views.conversation_answer, name="conversation_answer"),
    path("s/<str:shop>/support/reviews/", views.review_list, name="reviews"),
    path("s/<str:shop>/support/reviews/<str:code>/reply/", views.review_reply, name="review_reply"),
]

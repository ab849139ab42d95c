"""What the bank calls: signed, repeated, out of order. It tells us to ask; no money moves by what it says."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payouts import reconciliation
from payouts.bank import bank
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.http import Unreachable


@csrf_exempt
@require_POST
@login_not_required
def bank_callback(request: HttpRequest) -> JsonResponse:
    """A transfer has changed: we ask the bank about its key. Asking that fails is made up for by the next reading."""
    try:
        event = bank().read_callback(request.body, request.headers)
    except (DomainError, Unreachable) as error:
        code = getattr(error, "code", "") or "unreadable"
        return JsonResponse({"error": code, "sentence": str(error)}, status=getattr(error, "status", 422) or 422)
    try:
        changed = reconciliation.hear_callback(event, at=clock.now())
    except Unreachable:
        changed = False
    return JsonResponse({"taken": changed})

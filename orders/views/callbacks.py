"""What payment provider and carriers call: signed, repeated, out of order; each tells us to look, none moves money."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import payments, tracking
from orders.carriers import CARRIERS
from orders.payment_provider import provider
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


def _refused(error: DomainError) -> JsonResponse:
    return JsonResponse({"error": error.code, "sentence": str(error)}, status=error.status)


@csrf_exempt
@require_POST
@login_not_required
def payment(request: HttpRequest) -> JsonResponse:
    """A payment has changed: we ask the provider how it stands, and go by that."""
    try:
        told = provider().read_callback(request.body, request.headers)
        payments.look_at(key=told.payment.key, at=clock.now())
    except DomainError as error:
        return _refused(error)
    return JsonResponse({"taken": True})


@csrf_exempt
@require_POST
@login_not_required
def carrier(request: HttpRequest, code: str = "sandbox") -> JsonResponse:
    """A parcel was scanned. A scan that we have already, or of no parcel of ours, is taken and changes nothing."""
    found = CARRIERS.get(code)
    if found is None:
        return JsonResponse({"error": "unknown_carrier"}, status=404)
    try:
        scan = found.read_callback(request.body, request.headers)
        news = tracking.record_scan(carrier=found.code, scan=scan, at=clock.now())
    except DomainError as error:
        return _refused(error)
    return JsonResponse({"taken": bool(news)})

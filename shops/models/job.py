"""Long work: jobs that a person asked for, batch runs that the clock asked for, keys that make a post happen once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import PeerManager, ShopOwned, owned_manager, tenant_key

JOB_MOVES = Moves(
    {
        "queued": ("running", "cancelled"),
        "running": ("queued", "succeeded", "failed", "cancelled"),
    },
    start=("queued",),
)


class Job(ShopOwned):
    """Long work that somebody asked for; a worker takes it under a lease, and it survives the closed tab."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    MOVES = JOB_MOVES

    code = models.CharField(max_length=12)
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    payload = models.JSONField(default=dict)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(null=True, blank=True)
    log = models.JSONField(default=list, help_text="The newest lines, at most two hundred: [moment, sentence].")
    result = models.JSONField(default=dict)
    result_url = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="On real time, not on the movable clock.")
    attempts = models.PositiveSmallIntegerField(default=0)

    #: When this process took the job, on its monotonic clock in seconds; None where it did not.
    taken: float | None = None

    objects = owned_manager()

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "code"), name="job_code_once")]
        indexes = [
            models.Index(fields=("id",), name="job_waiting", condition=models.Q(status__in=("queued", "running"))),
            models.Index(fields=("shop", "-id"), name="job_newest"),
        ]
        triggers = [moves_trigger("job_status_moves", "status", JOB_MOVES)]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"

    @property
    def ended(self) -> bool:
        """Is there nothing more to wait for?"""
        return self.status in (self.Status.SUCCEEDED, self.Status.FAILED, self.Status.CANCELLED)

    @property
    def percent(self) -> int | None:
        """Progress in whole percent, None while the total is not known."""
        return None if not self.total_count else min(100, self.done_count * 100 // self.total_count)


BATCH_RUN_MOVES = Moves(
    {"running": ("finished", "failed"), "finished": ("running",), "failed": ("running",)}, start=("running",)
)


class BatchRun(models.Model):
    """One run of a batch over many shops for one period; the lease keeps two runs of a period apart."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Finished with errors")

    MOVES = BATCH_RUN_MOVES

    kind = models.CharField(max_length=40)
    period = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(help_text="On real time.")
    lease_until = models.DateTimeField(help_text="On real time; a run whose lease is over may be taken up by another.")
    lease_owner = models.CharField(max_length=40)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    errors = models.JSONField(default=list, help_text="[unit, sentence] of what failed, at most a thousand.")

    objects = PeerManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("kind", "period"), name="batch_run_once_per_period")]
        indexes = [models.Index(fields=("-started_at", "-id"), name="batch_run_newest")]
        triggers = [moves_trigger("batch_run_status_moves", "status", BATCH_RUN_MOVES)]

    def __str__(self) -> str:
        return f"{self.kind} {self.period}"


class Tick(models.Model):
    """A moment at which a periodic entry was started: unique, so that two beats are harmless."""

    name = models.CharField(max_length=60)
    tick_at = models.DateTimeField()

    objects = PeerManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("name", "tick_at"), name="tick_once")]

    def __str__(self) -> str:
        return f"{self.name} at {self.tick_at:%F %T}"


class IdempotencyKey(ShopOwned):
    """The answer to a post that must have effect once. Money keys never expire (DEC9)."""

    key = models.CharField(max_length=100)
    route = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response = models.JSONField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "key"), name="idempotency_key_once"),
        ]


class ApiKey(ShopOwned):
    """A key for the partner API: shown once, stored as a hash, bound to a shop and a list of scopes."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_sha256 = models.CharField(max_length=64, help_text="The secret has 256 random bits; a plain hash is enough.")
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "prefix"), name="api_key_prefix_once")]
        indexes = [models.Index(fields=("prefix",), name="api_key_prefix")]

    def __str__(self) -> str:
        return self.name

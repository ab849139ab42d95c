"""Jobs, batch runs and idempotency keys: leases, interruptions, twins."""

import ast
import datetime as dt
import re

import pytest
from django.utils import timezone

from seller_center import reactions
from seller_center.kernel.errors import DomainError, Invalid
from shops import batches, idempotency, jobs
from shops.models import BatchRun, IdempotencyKey, Job, Notice
from tests.factories.shops import make_member, make_shop
from tests.storm import storm
from tests.test_house import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(monkeypatch):
    """Let the test say what the job does."""

    def use(verb):
        monkeypatch.setitem(reactions.JOB_KINDS, "test.work", "tests.work")
        monkeypatch.setattr(reactions, "resolve", lambda name: verb)

    return use


def ask(shop, by, at):
    return jobs.start_job(shop=shop, kind="test.work", by=by, at=at)


# -- jobs -------------------------------------------------------------------------------------------------------------


def test_a_job_is_done_and_its_person_hears_of_it(shop, owner, at, kind):
    def verb(job, *, at):
        jobs.progress(job, 1, 2, line="half")
        jobs.finish(job, at=at, result={"rows": 2}, url="/there/")

    kind(verb)
    job = ask(shop, owner, at)
    assert reactions.run_jobs(at) == 1
    job.refresh_from_db()
    assert (job.status, job.result, job.done_count, job.log[0][1]) == ("succeeded", {"rows": 2}, 1, "half")


def test_a_job_ends_after_the_time_its_work_took(shop, owner, at, kind):
    """A verb knows one moment only; the page of a job must not say that a minute's work took none."""
    kind(lambda job, *, at: setattr(job, "taken", job.taken - 60))
    job = ask(shop, owner, at)
    reactions.run_jobs(at)
    job.refresh_from_db()
    assert job.started_at == at
    assert dt.timedelta(seconds=60) <= job.finished_at - at < dt.timedelta(seconds=120)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(DomainError("The file is empty."), "The file is empty."), (KeyError("x"), "Something went wrong")],
)
def test_a_job_that_fails_says_why(shop, owner, at, kind, error, sentence):
    def verb(job, *, at):
        raise error

    kind(verb)
    job = ask(shop, owner, at)
    reactions.run_jobs(at)
    job.refresh_from_db()
    assert job.status == "failed"
    assert sentence in job.error
    assert "KeyError" not in job.error


def test_a_job_is_cancelled_between_two_chunks(shop, owner, at, kind):
    def verb(job, *, at):
        jobs.progress(job, 1, 10)
        jobs.ask_to_cancel(job=job, by=owner, at=at)
        jobs.progress(job, 2, 10)

    kind(verb)
    job = ask(shop, owner, at)
    reactions.run_jobs(at)
    job.refresh_from_db()
    assert (job.status, job.done_count) == ("cancelled", 2)


def test_a_job_whose_worker_fell_silent_is_taken_up_again(shop, owner, at):
    job = ask(shop, owner, at)
    assert jobs.claim(at).pk == job.pk
    assert jobs.claim(at) is None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    again = jobs.claim(at)
    assert (again.pk, again.attempts) == (job.pk, 2)


def test_a_job_is_given_up_after_five_interruptions(shop, owner, at):
    job = ask(shop, owner, at)
    for _time in range(jobs.MOST_ATTEMPTS):
        assert jobs.claim(at) is not None
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert jobs.claim(at) is None
    job.refresh_from_db()
    assert job.status == "failed"
    assert "given up" in job.error


def test_the_log_keeps_the_newest_lines(shop, owner, at):
    job = ask(shop, owner, at)
    for number in range(jobs.LOG_LINES + 5):
        jobs.add_line(job, str(number))
    assert len(job.log) == jobs.LOG_LINES
    assert job.log[-1][1] == str(jobs.LOG_LINES + 4)


@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_take_each_job_once(at):
    shop = make_shop()
    owner = make_member(shop)
    wanted = {ask(shop, owner, at).pk for _number in range(16)}

    def take(_number):
        job = jobs.claim(at)
        return job.pk if job else None

    taken = [one.value for one in storm(take, processes=4, threads=4) if one.value]
    assert len(taken) == len(set(taken))
    left = set(Job.objects.filter(status="queued").values_list("pk", flat=True))
    assert set(taken) | left == wanted


def test_the_notice_of_a_finished_job_comes_once(shop, owner, at):
    job = ask(shop, owner, at)
    claimed = jobs.claim(at)
    jobs.finish(claimed, at=at, result={})
    reactions.deliver_all(at)
    reactions.deliver_all(at + dt.timedelta(hours=1))
    assert Notice.objects.get().url == f"/s/{shop.code}/jobs/{job.code}/"


# -- batch runs -------------------------------------------------------------------------------------------------------


def test_a_run_counts_and_ends(at):
    with batches.batch_run("test.batch", "2026-10", at=at) as run:
        run.count("shops", 3)
    row = BatchRun.objects.get()
    assert (row.status, row.counts) == ("finished", {"shops": 3})


def test_a_run_with_errors_says_which(at):
    with batches.batch_run("test.batch", "2026-10", at=at) as run:
        run.error("ACME", "No bank account.")
    row = BatchRun.objects.get()
    assert (row.status, row.errors) == ("failed", [["ACME", "No bank account."]])


def test_two_runs_of_a_period_are_kept_apart(at):
    with batches.batch_run("test.batch", "2026-10", at=at):
        with pytest.raises(batches.AlreadyRunning), batches.batch_run("test.batch", "2026-10", at=at):
            pass
        with batches.batch_run("test.batch", "2026-11", at=at):
            pass


def test_a_run_that_died_is_taken_up_after_its_lease(at):
    with pytest.raises(RuntimeError), batches.batch_run("test.batch", "2026-10", at=at):
        raise RuntimeError("killed")
    assert BatchRun.objects.get().status == "running"
    with pytest.raises(batches.AlreadyRunning), batches.batch_run("test.batch", "2026-10", at=at):
        pass
    BatchRun.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    with batches.batch_run("test.batch", "2026-10", at=at):
        pass
    assert BatchRun.objects.get().status == "finished"


def test_a_run_that_lost_its_lease_stops(at):
    with pytest.raises(batches.AlreadyRunning), batches.batch_run("test.batch", "2026-10", at=at) as run:  # noqa: PT012
        BatchRun.objects.update(lease_owner="another")
        run.beat()


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_who_start_a_batch_one_runs_it(at):
    def begin(_number):
        return batches._take("test.batch", "2026-10", at).lease_owner

    outcomes = storm(begin, processes=4, threads=4)
    assert len([one for one in outcomes if one.done]) == 1
    assert {one.error for one in outcomes if not one.done} == {"AlreadyRunning"}


# -- idempotency keys -------------------------------------------------------------------------------------------------


def post(shop, at, *, key="k1", body=b"{}", run=lambda: (201, {"order": "A"})):
    return idempotency.once(shop=shop, key=key, route="orders", body=body, at=at, run=run)


def test_a_repeat_gets_the_first_answer(shop, at):
    assert post(shop, at) == (201, {"order": "A"}, False)
    assert post(shop, at, run=lambda: (201, {"order": "B"})) == (201, {"order": "A"}, True)


def test_the_same_key_with_another_body_is_refused(shop, at):
    post(shop, at)
    with pytest.raises(idempotency.KeyReused):
        post(shop, at, body=b'{"other": 1}')


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_a_key_has_a_length(shop, at, key):
    with pytest.raises(Invalid):
        post(shop, at, key=key)


def test_keys_of_two_shops_do_not_meet(shop, other_shop, at):
    post(shop, at)
    assert post(other_shop, at, run=lambda: (201, {"order": "Z"})) == (201, {"order": "Z"}, False)


def test_a_refusal_leaves_no_key(shop, at):
    def refuse():
        raise DomainError("Sold out.")

    with pytest.raises(DomainError):
        post(shop, at, run=refuse)
    assert not IdempotencyKey.objects.exists()
    assert post(shop, at)[2] is False


def effect(shop, person, at):
    """Something that must happen once: a notice without a key of its own."""

    def run():
        Notice.objects.create(shop=shop, to=person, kind="t", title="paid", at=at)
        return 201, {"paid": True}

    return run


@pytest.mark.django_db(transaction=True)
def test_thirty_two_twins_of_a_post_have_one_effect(at):
    shop = make_shop()
    run = effect(shop, make_member(shop), at)
    outcomes = storm(lambda number: post(shop, at, run=run))
    assert [one.error for one in outcomes] == [""] * 32
    assert {one.value[1]["paid"] for one in outcomes} == {True}
    assert sum(not one.value[2] for one in outcomes) == 1
    assert Notice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_key_the_twins_have_many_effects(at):
    """The control: the same storm, each with a key of its own."""
    shop = make_shop()
    run = effect(shop, make_member(shop), at)
    storm(lambda number: post(shop, at, key=f"k{number}", run=run))
    assert Notice.objects.count() == 32


def test_every_kind_of_job_has_a_plain_title_and_plain_words_for_its_result(client, shop, owner, at):
    """No code of a kind and no name of a count reaches the page; what is for the result's own page stays away."""
    client.force_login(owner)
    for kind, title in jobs.KINDS.items():
        job = jobs.start_job(shop=shop, kind=kind, by=owner, at=at)
        result = {"rows": 1, "products_new": 1_234, "remark:cut": 3, "sentence": "Row 7 is torn.", "column": None}
        Job.objects.filter(pk=job.pk).update(status="running", started_at=at)
        Job.objects.filter(pk=job.pk).update(status="succeeded", finished_at=at, result=result)
        page = client.get(f"/s/{shop.code}/jobs/{job.code}/").content.decode()
        assert f"<h1>{title}</h1>" in page
        assert kind not in page.partition("<main")[2].replace(job.code, "")
        assert "<dt>New products</dt><dd>1,234</dd>" in page
        assert "<dt>Rows</dt><dd>1</dd>" in page
        assert "<dt>What is wrong</dt><dd>Row 7 is torn.</dd>" in page
        assert "remark" not in page
        assert "Column" not in page
        assert not re.search(r"products_|Products new", page)


def test_what_a_job_says_of_its_result_has_words():
    """All counts of an import, and what the others keep: a new one would be missing on the page."""
    from catalog import matching

    assert {*matching.OUTCOMES, *matching.PRODUCTS} <= set(jobs.RESULTS)
    kept = set()
    for path in (ROOT / "seller_center").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "jobs.finish":
                given = [one.value for one in node.keywords if one.arg == "result" and isinstance(one.value, ast.Dict)]
                kept |= {key.value for one in given for key in one.keys}
    assert kept == {"rows", "steps"} <= set(jobs.RESULTS)

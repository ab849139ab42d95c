"""Imports as objects: upload, dry run, confirmation, apply in chunks that are whole or not at all (DEC23, INV24).

Nothing is skipped by file or by hash: a repeated file is compared anew and then changes nothing. The dry run and the
apply step make the same plan; the apply step makes it against the catalog as it stands in its own transaction.
"""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from catalog import matching, sheets
from catalog.matching import OUTCOMES, ProductPlan
from catalog.models import Category, ImportChunk, ImportRow, ImportRun
from catalog.planning import Planner
from catalog.publishing import hold_listing
from catalog.shelving import Shelf, put
from seller_center.kernel.bulk import insert_many
from seller_center.kernel.codes import new_code
from seller_center.kernel.csvio import Opened, Table, open_table, read_table, unescape_cell
from seller_center.kernel.errors import Invalid
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.locking import lock_row
from seller_center.kernel.money import exponent
from seller_center.kernel.text import markdown_from_html
from seller_center.kernel.transitions import move
from shops import events, files, jobs
from shops.models import Job
from shops.policy_book import policy_for
from shops.scope import scope

Status = ImportRun.Status

MOST_BYTES = 32 * 1024 * 1024
#: Rows that one chunk holds, give or take the last product's.
CHUNK_ROWS = 1_000
#: Times that a chunk is planned anew because somebody else wrote the same code or address at that moment.
TRIES = 3
#: Longest value kept in the diff of a row.
SHOWN = 120


class Unreadable(Invalid):
    """The file is no file of products; row and column say where."""


# -- upload -----------------------------------------------------------------------------------------------------------


def upload(
    *, shop, content: bytes, name: str, default_category: Category | None = None, by, at: dt.datetime
) -> ImportRun:
    """Keep the file (encrypted, it may hold costs) and have it checked by a worker."""
    if not content:
        raise Unreadable(_("The file is empty."), field="file")
    if len(content) > MOST_BYTES:
        words = {"most": MOST_BYTES // 1024 // 1024}
        raise Unreadable(_("The file is larger than %(most)d MB. Split it into several.") % words, field="file")
    with scope(shop, by=by):
        file = files.store_private(
            shop=shop, kind="import", content=content, name=name, by=by, at=at, media_type="text/csv"
        )
        run = ImportRun.objects.create(
            shop=shop,
            code=new_code(8),
            file=file,
            file_name=name[:200] or "import.csv",
            default_category=default_category,
            uploaded_by=by,
            uploaded_at=at,
        )
        _record(run, "import.uploaded", by, at, file_name=run.file_name)
        _start(run, "check", by, at)
    return run


def check_again(*, run: ImportRun, default_category: Category | None, by, at: dt.datetime) -> None:
    """Make the dry run anew, perhaps with another category for unknown kinds."""
    with scope(run.shop, by=by):
        if not _left_behind(run, Status.CHECKING, run.check_job):
            move(run, Status.CHECKING)
        ImportRun.objects.filter(shop=run.shop, pk=run.pk).update(default_category=default_category)
        _start(run, "check", by, at)


def discard(*, run: ImportRun, by, at: dt.datetime) -> None:
    """The file is not wanted after all. Nothing of it was applied."""
    with scope(run.shop, by=by):
        move(run, Status.DISCARDED)
        _record(run, "import.discarded", by, at)


def confirm(*, run: ImportRun, by, at: dt.datetime) -> None:
    """Apply what the dry run showed. Again after a stop: goes on where it stood."""
    with scope(run.shop, by=by):
        if not _left_behind(run, Status.APPLYING, run.apply_job):
            move(run, Status.APPLYING)
        _start(run, "apply", by, at)


def _left_behind(run: ImportRun, status: str, job_code: str) -> bool:
    """Did the job of this step end without bringing the run on? Then a new one goes on where it stood."""
    run.refresh_from_db(fields=["status"])
    return run.status == status and all(job.ended for job in Job.objects.in_shop(run.shop).of_code(job_code))


def _start(run: ImportRun, step: str, by, at: dt.datetime) -> None:
    job = jobs.start_job(shop=run.shop, kind=f"catalog.import.{step}", by=by, at=at, payload={"run": run.code})
    ImportRun.objects.filter(shop=run.shop, pk=run.pk).update(**{f"{step}_job": job.code})
    setattr(run, f"{step}_job", job.code)


# -- the file ---------------------------------------------------------------------------------------------------------


def read_file(run: ImportRun) -> Table:
    """The file as a table. Raises ``Invalid`` with row and column where it is none."""
    return read_table(files.read(run.file), max_bytes=MOST_BYTES)


def open_file(run: ImportRun) -> Opened:
    """The same for looking at each row once: a worker holds the products that the file says, and not its rows too."""
    return open_table(files.read(run.file), max_bytes=MOST_BYTES)


def read_products(run: ImportRun, table: Opened, at: dt.datetime) -> sheets.Reading:
    """The products that the table says. Raises ``Unreadable`` for columns that are not those of products."""
    limits = policy_for(run.shop, at).catalog
    try:
        return sheets.read(
            table.header,
            table.rows,
            exponent=exponent(run.shop.currency),
            code_at_most=limits.seller_code_at_most,
            unescape=unescape_cell,
        )
    except sheets.UnknownColumns as error:
        words = {"columns": ", ".join(f"“{name}”" for name in error.missing)}
        raise Unreadable(
            _("The file has no column %(columns)s. Start from our template, or from Shopify's product export.") % words,
            row=1,
            column=error.missing[0],
        ) from None


def chunks_of(products: sheets.Packed) -> list[tuple[int, int]]:
    """Places [first, end) of whole products in file order, about ``CHUNK_ROWS`` rows each."""
    bounds, first, held = [], 0, 0
    for place, rows in enumerate(products.row_counts):
        held += rows
        if held >= CHUNK_ROWS:
            bounds.append((first, place + 1))
            first, held = place + 1, 0
    if first < len(products):
        bounds.append((first, len(products)))
    return bounds


# -- the dry run ------------------------------------------------------------------------------------------------------


def check(job: Job, *, at: dt.datetime) -> None:
    """The job of a dry run: read everything, compare everything, change nothing but the run itself."""
    run = _run_of(job)
    if run.status == Status.UPLOADED:
        with scope(run.shop, by=job.by):
            move(run, Status.CHECKING)
    if run.status != Status.CHECKING:
        return  # taken up again after it had been done
    try:
        table = open_file(run)
        reading = read_products(run, table, at)
    except Invalid as error:
        _say_unreadable(run, error, job, at)
        return
    with scope(run.shop, by=job.by):
        ImportRow.objects.in_shop(run.shop).filter(run=run).delete()
        ImportChunk.objects.in_shop(run.shop).filter(run=run).delete()
        _note_stray(run, reading)
    counted = _begin(reading)
    planner = Planner(run.shop, reading, run.default_category, at)
    done = len(reading.stray)
    for number, (first, end) in enumerate(chunks_of(reading.products)):
        products = reading.products[first:end]
        plans, live = planner.plan(products)
        with scope(run.shop, by=job.by):
            found = matching.total(plans, live) | matching.remarks_of(plans)
            rows = sum(len(product.rows) for product in products)
            ImportChunk.objects.create(
                shop=run.shop,
                run=run,
                number=number,
                first_product=first,
                end_product=end,
                row_count=rows,
                planned=found,
            )
            _write_rows(run, plans, applied=False)
        counted.update(found)
        done += rows
        _tell_progress(run, job, done, reading.row_count)
    _say_checked(run, reading, table, counted, job, at)


def _tell_progress(run: ImportRun, job: Job, done: int, total: int) -> None:
    """Say how far the dry run is; taken back, the run stands as it was uploaded."""
    try:
        jobs.progress(job, done, total)
    except jobs.JobCancelled:
        with scope(run.shop, by=job.by):
            move(run, Status.UPLOADED)
        raise


def _say_checked(
    run: ImportRun, reading: sheets.Reading, table: Opened, counted: Counter, job: Job, at: dt.datetime
) -> None:
    with scope(run.shop, by=job.by):
        move(
            run,
            Status.CHECKED,
            shape=reading.shape,
            encoding=table.encoding,
            separator=table.separator,
            mapping=reading.mapping,
            ignored_columns=reading.ignored,
            row_count=reading.row_count,
            planned=dict(counted),
            checked_at=at,
        )
        _record(run, "import.checked", job.by, at, rows=reading.row_count, **_outcomes(counted))
        jobs.finish(job, at=at, result=dict(counted), url=_url(run))


def _say_unreadable(run: ImportRun, error: Invalid, job: Job, at: dt.datetime) -> None:
    told = {"sentence": str(error), "row": error.row, "column": error.column}
    with scope(run.shop, by=job.by):
        move(run, Status.UNREADABLE, error=told, checked_at=at)
        jobs.finish(job, at=at, result=told, url=_url(run))


def _note_stray(run: ImportRun, reading: sheets.Reading) -> None:
    """Rows that belong to no product are refused; they are in no chunk."""
    ImportRow.objects.bulk_create(
        ImportRow(shop=run.shop, run=run, number=number, outcome=matching.REFUSED, issues=_stored(issues), applied=True)
        for number, issues in reading.stray.items()
    )


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(job: Job, *, at: dt.datetime) -> None:
    """The job of an import: chunk after chunk, each in one transaction; what is applied already is passed over.

    Killed anywhere, it is taken up again by the next worker. Cancelled, it stops between two chunks.
    """
    run = _run_of(job)
    if run.status != Status.APPLYING:
        return  # taken up again after it had been done
    reading = read_products(run, open_file(run), at)
    planner = Planner(run.shop, reading, run.default_category, at)
    done = len(reading.stray)
    try:
        for chunk in ImportChunk.objects.in_shop(run.shop).filter(run=run).order_by("number"):
            if chunk.applied_at is None:
                _apply_chunk(run, chunk, planner, reading, job, at)
                failpoint("import.after_chunk")
            done += chunk.row_count
            jobs.progress(job, done, run.row_count)
    except jobs.JobCancelled:
        with scope(run.shop, by=job.by):
            move(run, Status.STOPPED, done=_done(run, reading))
            _record(run, "import.stopped", job.by, at)
        raise
    with scope(run.shop, by=job.by):
        counted = _done(run, reading)
        move(run, Status.APPLIED, done=counted, applied_at=at)
        _record(run, "import.applied", job.by, at, rows=run.row_count, **_outcomes(counted))
        jobs.finish(job, at=at, result=counted, url=_url(run))


def _apply_chunk(
    run: ImportRun, chunk: ImportChunk, planner: Planner, reading: sheets.Reading, job: Job, at: dt.datetime
) -> None:
    for left in reversed(range(TRIES)):
        try:
            with scope(run.shop, by=job.by):
                _apply_locked(run, chunk, planner, reading, job, at)
            return
        except IntegrityError:  # a code or an address was taken between the plan and the write
            if not left:
                raise


def _apply_locked(
    run: ImportRun, chunk: ImportChunk, planner: Planner, reading: sheets.Reading, job: Job, at: dt.datetime
) -> None:
    hold_listing(run.shop)
    row = lock_row(ImportChunk.objects.filter(shop=run.shop, pk=chunk.pk))
    if row.applied_at is not None:
        return  # another worker did it while this one was thought dead
    products = reading.products[row.first_product : row.end_product]
    planner.look_again()
    plans, live = planner.plan(products)
    shelf = Shelf(shop=run.shop, by=job.by, at=at, reference=run.code, markdown=_markdown())
    put(shelf, plans, live)
    _write_rows(run, plans, applied=True)
    ImportChunk.objects.filter(shop=run.shop, pk=row.pk).update(
        done=matching.total(plans, live) | matching.remarks_of(plans), applied_at=at
    )
    failpoint("import.in_chunk")


def _begin(reading: sheets.Reading) -> Counter:
    """Counts that begin with the rows that belong to no product: they are refused, and in no chunk."""
    stray = len(reading.stray)
    remarks = {"remark:no_product": stray} if stray else {}
    return Counter({**dict.fromkeys(OUTCOMES, 0), matching.REFUSED: stray, **remarks})


def _done(run: ImportRun, reading: sheets.Reading) -> dict[str, int]:
    """What the applied chunks did, added up, with the rows that belong to no product."""
    counted = _begin(reading)
    rows = ImportChunk.objects.in_shop(run.shop).filter(run=run, applied_at__isnull=False).order_by("number")
    for done in rows.values_list("done", flat=True):
        counted.update(done)
    return dict(counted)


def _markdown() -> Callable[[str], str]:
    """HTML → Markdown, each text once."""
    return functools.lru_cache(maxsize=1000)(markdown_from_html)


# -- rows -------------------------------------------------------------------------------------------------------------


_SILENCE = "DELETE FROM catalog_importrow WHERE shop_id = %s AND run_id = %s AND number = ANY (%s::integer[])"


def _write_rows(run: ImportRun, plans: Sequence[ProductPlan], *, applied: bool) -> None:
    """Keep the rows about which there is something to say. What the dry run said, and is still so, stays as it is."""
    rows = [
        (
            number,
            made.file.handle,
            outcome,
            _stored(made.issues.get(number, ())),
            _shown(made.row_changes.get(number, {})) if outcome == matching.CHANGED else {},
        )
        for made in plans
        for number, outcome in made.outcomes.items()
        if made.issues.get(number) or outcome in (matching.CHANGED, matching.REFUSED)
    ]
    names = ("number", "handle", "outcome", "issues", "changes")
    insert_many(
        ImportRow,
        same={"shop": run.shop_id, "run": run.pk, "applied": applied},
        each={name: [row[place] for row in rows] for place, name in enumerate(names)},
        key=("shop", "run", "number"),
    )
    told = {row[0] for row in rows}
    silent = [number for made in plans for number in made.outcomes if number not in told]
    if silent and applied:
        with connection.cursor() as cursor:
            cursor.execute(_SILENCE, [run.shop_id, run.pk, silent])


def _stored(issues: Sequence[sheets.Issue]) -> list[dict[str, Any]]:
    return [
        {"code": issue.code, "column": issue.column, "weight": issue.weight, "facts": issue.facts} for issue in issues
    ]


def _shown(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The diff of a row, long texts cut."""
    return {
        name: [value[:SHOWN] + "…" if isinstance(value, str) and len(value) > SHOWN else value for value in pair]
        for name, pair in changes.items()
    }


def _outcomes(counted: Counter | dict[str, int]) -> dict[str, int]:
    return {name: counted.get(name, 0) for name in OUTCOMES}


def _run_of(job: Job) -> ImportRun:
    return (
        ImportRun.objects.in_shop(job.shop).of_code(job.payload["run"]).select_related("file", "default_category").get()
    )


def _url(run: ImportRun) -> str:
    return f"/s/{run.shop.code}/imports/{run.code}/"


def _record(run: ImportRun, kind: str, by, at: dt.datetime, **facts: Any) -> None:
    events.record(kind, shop=run.shop, subject_kind="import", subject_code=run.code, by=by, at=at, **facts)

"""Pictures of products: added (re-encoded, in three sizes), described, put in order, taken away."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Max
from django.utils.translation import gettext as _

from catalog.models import Media, Product
from seller_center.kernel.errors import DomainError, Stale
from seller_center.kernel.locking import lock_row
from shops import events, images
from shops.policy_book import policy_for
from shops.scope import scope

LONGEST_ALT = 200


class TooManyPictures(DomainError):
    """The product has as many pictures as are allowed."""

    code = "too_many_pictures"


class LastPicture(DomainError):
    """The only picture of a live product stays."""

    code = "last_picture"


def add(*, product: Product, contents: Sequence[bytes], by, at: dt.datetime) -> list[Media]:
    """Put pictures behind those that are there. One that the product has already is not added twice.

    Raises ``images.UnusablePicture`` for a file that is no usable picture and ``TooManyPictures``; nothing is added
    then. The files are written before the rows: a deed that is undone leaves files that nothing names.
    """
    limits = policy_for(product.shop, at).catalog
    encoded = [
        images.reencode(
            content,
            least_pixels=limits.least_image_pixels,
            bytes_at_most=limits.image_bytes_at_most,
            field="pictures",
        )
        for content in contents
    ]
    for picture in encoded:
        images.publish(picture)
    with scope(product.shop, by=by):
        lock_row(Product.objects.filter(shop=product.shop, pk=product.pk))
        there = set(product.media.values_list("digest", flat=True))
        fresh = {picture.name: picture for picture in encoded if picture.name not in there}
        if len(there) + len(fresh) > limits.images_at_most:
            raise TooManyPictures(_("A product has at most %(most)d pictures.") % {"most": limits.images_at_most})
        last = product.media.aggregate(last=Max("position"))["last"]
        rows = [
            Media(
                shop=product.shop,
                product=product,
                digest=picture.name,
                position=(-1 if last is None else last) + place,
                width=picture.width,
                height=picture.height,
                size_bytes=sum(len(size) for size in picture.sizes.values()),
                added_by=by,
                added_at=at,
            )
            for place, picture in enumerate(fresh.values(), start=1)
        ]
        Media.objects.bulk_create(rows)
        if rows:
            _record(product, "picture.added", by, at, count=len(rows))
    return rows


def remove(*, media: Media, by, at: dt.datetime) -> None:
    """Take a picture off its product. Its files stay: another product, or a page already open, may show them."""
    with scope(media.shop, by=by):
        product = lock_row(Product.objects.filter(shop_id=media.shop_id, pk=media.product_id))
        if product.status == Product.Status.LIVE and not _enough_without(media, product, at):
            raise LastPicture(
                _("A live product keeps at least one picture. Add another one first, or pause the product.")
            )
        gone, _each = Media.objects.filter(shop_id=media.shop_id, pk=media.pk).delete()
        if not gone:
            raise Stale(_("This picture has been removed already."))
        _record(media.product, "picture.removed", by, at, digest=media.digest)


def _enough_without(media: Media, product: Product, at: dt.datetime) -> bool:
    """Would the product still pass the gate through which it went live?"""
    if product.media.exclude(pk=media.pk).exists():
        return True
    return policy_for(product.shop, at).catalog.picture_addresses_suffice and product.picture_addresses.exists()


def arrange(*, product: Product, order: Sequence[int], by, at: dt.datetime) -> None:
    """Put the pictures into this order (their keys); the first one is the main picture."""
    with scope(product.shop, by=by):
        lock_row(Product.objects.filter(shop=product.shop, pk=product.pk))
        rows = {row.pk: row for row in product.media.all()}
        if set(rows) != set(order):
            raise Stale(_("The pictures have changed meanwhile. Look at them again."))
        for place, key in enumerate(order):
            rows[key].position = place
        Media.objects.bulk_update(rows.values(), ["position"])
        _record(product, "product.edited", by, at, fields=["order of pictures"])


def make_main(*, media: Media, by, at: dt.datetime) -> None:
    """Put a picture first."""
    rest = [key for key in media.product.media.values_list("pk", flat=True) if key != media.pk]
    arrange(product=media.product, order=[media.pk, *rest], by=by, at=at)


def describe(*, media: Media, alt: str, by, at: dt.datetime) -> None:
    """Say what a picture shows, for those who cannot see it."""
    with scope(media.shop, by=by):
        Media.objects.filter(shop_id=media.shop_id, pk=media.pk).update(alt=alt.strip()[:LONGEST_ALT])
        _record(media.product, "product.edited", by, at, fields=["words of a picture"])


def _record(product: Product, kind: str, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=product.shop, subject_kind="product", subject_code=product.code, by=by, at=at, **facts)

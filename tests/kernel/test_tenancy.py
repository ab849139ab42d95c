# ruff: noqa: DJ008 - nobody reads these rows
"""Composite tenant keys: what PostgreSQL refuses, what forms say first, what migrations make of them."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from seller_center.kernel.tenancy import NAME_LENGTH, TenantFK, tenant_key, tenant_unique
from tests.kernel.scratch.models import Line, Order, Shop

# -- what the database refuses ----------------------------------------------------------------------------------------


@pytest.fixture
def order(acme):
    return Order.objects.create(shop=acme)


def test_it_lets_a_row_refer_within_its_shop(acme, order):
    line = Line.objects.create(shop=acme, order=order)
    Line.objects.create(shop=acme, order=order, gift_of=line)


def test_it_refuses_a_reference_into_another_shop(zebra, order):
    with pytest.raises(IntegrityError, match="scratch_line_order_same_shop"), transaction.atomic():
        Line.objects.create(shop=zebra, order=order)


def test_it_refuses_at_once_and_not_at_commit(zebra, order):
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            Line.objects.create(shop=zebra, order=order)
        transaction.set_rollback(True)


def test_it_refuses_an_update_that_moves_a_row_out_of_its_shop(acme, zebra, order):
    Line.objects.create(shop=acme, order=order)
    for rows in (Line.objects.all(), Order.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(shop=zebra)


def test_it_refuses_what_does_not_exist(acme, order):
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.create(shop=acme, order_id=order.pk + 1)


def test_it_keeps_what_is_referred_to(acme, order):
    Line.objects.create(shop=acme, order=order)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk)._raw_delete("default")


def test_it_leaves_an_empty_reference_alone(acme, order):
    Line.objects.create(shop=acme, order=order, gift_of=None)


def test_it_binds_a_table_to_itself(acme, zebra, order):
    mine = Line.objects.create(shop=acme, order=order)
    theirs = Order.objects.create(shop=zebra)
    with pytest.raises(IntegrityError, match="gift_of_same_shop"), transaction.atomic():
        Line.objects.create(shop=zebra, order=theirs, gift_of=mine)


def test_without_the_constraint_the_attack_succeeds(zebra, order):
    """The control: nothing else would have refused."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE scratch_line DROP CONSTRAINT scratch_line_order_same_shop")
        Line.objects.create(shop=zebra, order=order)
        transaction.set_rollback(True)


# -- what a form says first -------------------------------------------------------------------------------------------


def test_it_says_in_a_form_what_the_database_would_refuse(zebra, order):
    with pytest.raises(ValidationError) as refused:
        Line(shop=zebra, order_id=order.pk).full_clean()
    assert refused.value.message_dict == {"order": ["This refers to something that does not belong to this shop."]}
    assert refused.value.error_dict["order"][0].code == "foreign_shop"


def test_it_accepts_in_a_form_what_belongs(acme, order):
    Line(shop=acme, order_id=order.pk).full_clean()


def test_it_compares_a_loaded_reference_without_a_query(acme, zebra, order, django_assert_num_queries):
    constraint = TenantFK("order", name="x")
    with django_assert_num_queries(0):
        constraint.validate(Line, Line(shop=acme, order=order))
        with pytest.raises(ValidationError):
            constraint.validate(Line, Line(shop=zebra, order=order))


@pytest.mark.parametrize("left_out", [{"order"}, {"shop"}])
def test_it_leaves_excluded_fields_alone(zebra, order, left_out):
    TenantFK("order", name="x").validate(Line, Line(shop=zebra, order=order), exclude=left_out)


def test_it_leaves_unset_fields_alone(acme):
    TenantFK("gift_of", name="x").validate(Line, Line(shop=acme))
    TenantFK("gift_of", name="x").validate(Line, Line(gift_of_id=5))


def test_it_may_speak_other_words(zebra, order):
    constraint = TenantFK("order", name="x", violation_error_message="Pick an order of this shop.")
    with pytest.raises(ValidationError, match="Pick an order of this shop"):
        constraint.validate(Line, Line(shop=zebra, order=order))


# -- names, copies, checks --------------------------------------------------------------------------------------------


def test_it_derives_its_name_from_model_and_field():
    assert [c.name for c in Line._meta.constraints] == [
        "scratch_line_order_same_shop",
        "scratch_line_gift_of_same_shop",
        "scratch_line_shop_id",
    ]


def test_it_shortens_a_long_name_the_same_way_each_time():
    long = TenantFK("x" * 70)
    long.name %= {"app_label": "scratch", "class": "line"}
    again = TenantFK("x" * 70, name="scratch_line_" + "x" * 70 + "_same_shop")
    other = TenantFK("x" * 71, name="scratch_line_" + "x" * 71 + "_same_shop")
    assert len(long.name) == NAME_LENGTH
    assert long.name == again.name != other.name


def test_it_survives_being_taken_apart():
    for constraint in (
        TenantFK("order", name="a"),
        TenantFK("order", name="a", deferrable=models.Deferrable.DEFERRED),
        TenantFK("order", name="a", violation_error_message="No.", violation_error_code="no"),
    ):
        assert constraint.clone() == constraint
        assert hash(constraint.clone()) == hash(constraint)
        text, __ = MigrationWriter.serialize(constraint)
        assert "TenantFK(" in text
    assert TenantFK("order", name="a") != TenantFK("order", name="b")
    assert TenantFK("order", name="a") != TenantFK("gift_of", name="a")
    assert TenantFK("order", name="a") != models.UniqueConstraint(fields=("order",), name="a")


def test_it_wants_a_deferrable_or_nothing():
    with pytest.raises(TypeError):
        TenantFK("order", deferrable=True)


def test_the_key_helpers_agree():
    assert tenant_unique("orders_order_shop_id") == tenant_key("orders_order")


@isolate_apps("tests.kernel.scratch")
def test_it_says_in_words_what_is_missing():
    class Bare(models.Model):
        class Meta:
            app_label = "scratch"

    class Keyless(models.Model):
        shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "scratch"

    class Wrong(models.Model):
        shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
        own_key = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
        bare = models.ForeignKey(Bare, on_delete=models.PROTECT, related_name="+", db_constraint=False)
        keyless = models.ForeignKey(Keyless, on_delete=models.PROTECT, related_name="+", db_constraint=False)
        text = models.TextField()

        class Meta:
            app_label = "scratch"

    def errors(field):
        return [error.id for error in TenantFK(field, name="x").check(Wrong, connection)]

    assert errors("nothing") == ["tenancy.E001"]
    assert errors("text") == ["tenancy.E002"]
    assert errors("own_key") == ["tenancy.E003"]
    assert errors("bare") == ["tenancy.E004", "tenancy.E005"]
    assert errors("keyless") == ["tenancy.E005"]
    assert TenantFK("order", name="x").check(Line, connection) == []


# -- migrations -------------------------------------------------------------------------------------------------------


def state_of(*model_states):
    state = ProjectState()
    for model_state in model_states:
        state.add_model(model_state)
    return state


def detected(before: ProjectState, after: ProjectState) -> list[migrations.Migration]:
    # Clones, since the detector takes constraints out of the states it compares.
    detector = MigrationAutodetector(before.clone(), after.clone(), MigrationQuestioner(specified_apps={"moved"}))
    return detector._detect_changes().get("moved", [])


def apply(before: ProjectState, made: list[migrations.Migration]) -> ProjectState:
    for migration in made:
        migration.app_label = "moved"
        with connection.schema_editor(atomic=True) as editor:
            before = migration.apply(before, editor)
    return before


def shop_field():
    return models.ForeignKey("moved.Shop", on_delete=models.PROTECT, related_name="+")


def to(target, **options):
    return models.ForeignKey(target, on_delete=models.PROTECT, related_name="+", db_constraint=False, **options)


def model_state(name, *fields, constraints=()):
    key = ("id", models.BigAutoField(primary_key=True))
    return ModelState("moved", name, [key, *fields], {"constraints": list(constraints), "indexes": []})


SHOP = model_state("Shop")
# Named so that the autodetector makes the referring tables first where it can: Apple → Zoo, and Zoo → Apple.
APPLE = model_state(
    "Apple",
    ("shop", shop_field()),
    ("zoo", to("moved.Zoo")),
    ("twin", to("moved.Apple", null=True)),
    constraints=[
        TenantFK("zoo", name="moved_apple_zoo_same_shop"),
        TenantFK("twin", name="moved_apple_twin_same_shop"),
        tenant_key("moved_apple"),
    ],
)
ZOO = model_state(
    "Zoo",
    ("shop", shop_field()),
    ("apple", to("moved.Apple", null=True)),
    constraints=[TenantFK("apple", name="moved_zoo_apple_same_shop"), tenant_key("moved_zoo")],
)


def keys_in_database() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, conrelid::regclass::text, confrelid::regclass::text, condeferrable, condeferred"
            " FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 2 AND conname LIKE 'moved_%'"
        )
        return {" ".join(str(part) for part in row) for row in cursor.fetchall()}


ALL_KEYS = {
    "moved_apple_zoo_same_shop moved_apple moved_zoo False False",
    "moved_apple_twin_same_shop moved_apple moved_apple False False",
    "moved_zoo_apple_same_shop moved_zoo moved_apple False False",
}


@pytest.mark.django_db
def test_an_initial_migration_makes_keys_and_targets_whatever_their_order():
    after = state_of(SHOP.clone(), APPLE.clone(), ZOO.clone())
    made = detected(ProjectState(), after)
    assert len(made) == 1
    reached = apply(ProjectState(), made)
    assert keys_in_database() == ALL_KEYS
    assert detected(reached, after) == []


@pytest.mark.django_db
def test_a_folded_migration_with_keys_inside_its_tables_does_too():
    """The form that squashing and the optimizer lead to; the target's UNIQUE comes after the key that needs it."""
    apple, zoo = _apple(), _zoo()
    twin = ("twin", to("moved.Apple", null=True))
    own = TenantFK("twin", name="moved_apple_twin_same_shop")
    folded = migrations.Migration("0001_initial", "moved")
    folded.operations = [
        migrations.CreateModel("Shop", list(SHOP.fields.items())),
        migrations.CreateModel("Apple", [*apple.fields.items(), twin], {"constraints": [own]}),
        migrations.CreateModel("Zoo", list(zoo.fields.items()), {"constraints": zoo.options["constraints"]}),
        migrations.AddConstraint("apple", tenant_key("moved_apple")),
    ]
    apply(ProjectState(), [folded])
    assert keys_in_database() == ALL_KEYS - {"moved_apple_zoo_same_shop moved_apple moved_zoo False False"}


@pytest.mark.django_db
def test_a_written_migration_reads_back_the_same():
    after = state_of(SHOP.clone(), APPLE.clone(), ZOO.clone())
    (initial,) = detected(ProjectState(), after)
    initial.app_label, initial.name = "moved", "0001_initial"
    content: dict = {}
    exec(MigrationWriter(initial).as_string(), content)
    again = content["Migration"]("0001_initial", "moved")
    assert detected(apply(ProjectState(), [again]), after) == []
    assert keys_in_database() == ALL_KEYS


@pytest.mark.django_db
def test_a_later_migration_adds_changes_and_removes_a_key():
    bare = model_state("Zoo", ("shop", shop_field()), ("apple", to("moved.Apple", null=True)), constraints=[])
    plain = model_state("Apple", ("shop", shop_field()))
    first = state_of(SHOP.clone(), plain, bare)
    now = apply(ProjectState(), detected(ProjectState(), first))
    assert keys_in_database() == set()

    keyed = model_state("Apple", ("shop", shop_field()), constraints=[tenant_key("moved_apple")])
    second = state_of(SHOP.clone(), keyed, _zoo())
    now = apply(now, detected(now, second))
    assert keys_in_database() == {"moved_zoo_apple_same_shop moved_zoo moved_apple False False"}

    deferred = _zoo(deferrable=models.Deferrable.DEFERRED)
    third = state_of(SHOP.clone(), keyed.clone(), deferred)
    now = apply(now, detected(now, third))
    assert keys_in_database() == {"moved_zoo_apple_same_shop moved_zoo moved_apple True True"}
    assert detected(now, third) == []

    fourth = state_of(SHOP.clone(), keyed.clone(), bare.clone())
    apply(now, detected(now, fourth))
    assert keys_in_database() == set()


def _zoo(**options):
    constraint = TenantFK("apple", name="moved_zoo_apple_same_shop", **options)
    return model_state("Zoo", ("shop", shop_field()), ("apple", to("moved.Apple", null=True)), constraints=[constraint])


@pytest.mark.django_db
def test_a_table_renamed_after_the_key_in_one_migration_is_followed():
    """The DDL waits for the end of the migration; by then the table has its new name."""
    now = apply(ProjectState(), detected(ProjectState(), state_of(SHOP.clone(), _apple(), _zoo_keyless())))
    operations = [
        migrations.AddConstraint("zoo", TenantFK("apple", name="moved_zoo_apple_same_shop")),
        migrations.RemoveConstraint("zoo", "moved_zoo_shop_id"),
        migrations.AlterModelTable("apple", "moved_fruit"),
    ]
    migration = migrations.Migration("0002", "moved")
    migration.operations = operations
    apply(now, [migration])
    assert keys_in_database() == {"moved_zoo_apple_same_shop moved_zoo moved_fruit False False"}


def _apple():
    return model_state("Apple", ("shop", shop_field()), constraints=[tenant_key("moved_apple")])


def _zoo_keyless():
    return model_state(
        "Zoo",
        ("shop", shop_field()),
        ("apple", to("moved.Apple", null=True)),
        constraints=[tenant_key("moved_zoo")],
    )

"""What happens on floor 1: people, shops, their standing, policies, jobs."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


@event("deadline.approaching", sentence=_("{hours:hours} left – {deadline_kind}: {label}."))
class DeadlineApproaching:
    deadline_kind: str
    label: str
    hours: int
    due_at: str


@event("job.finished", sentence=_("Work {code} ended: {status}."))
class JobFinished:
    job_kind: str
    status: str


@event("policy.scheduled", audience="staff", sentence=_("Policy {code} takes effect on {effective_from}: {note}"))
class PolicyScheduled:
    effective_from: str
    note: str


@event("application.started", sentence=_("The application was begun."))
class ApplicationStarted:
    market: str
    business_type: str


@event("application.saved", sentence=_("The step “{step}” was saved."))
class ApplicationSaved:
    step: str


@event("application.submitted", sentence=_("The application was submitted."))
class ApplicationSubmitted:
    number: int
    due_at: str


@event("application.withdrawn", sentence=_("The application was taken back."))
class ApplicationWithdrawn:
    pass


@event("application.claimed", audience="staff", sentence=_("A reviewer claimed the application."))
class ApplicationClaimed:
    pass


@event("application.released", audience="staff", sentence=_("The reviewer put the application back into the queue."))
class ApplicationReleased:
    pass


@event("application.delayed", sentence=_("{stage}"))
class ApplicationDelayed:
    stage: str
    submitted_at: str


@event("application.approved", sentence=_("The application was approved."))
class ApplicationApproved:
    offer_ends_at: str


@event("application.changes_requested", sentence=_("The reviewer asked for changes. {text}"))
class ApplicationChangesRequested:
    text: str
    steps: list[str]


@event("application.refused", sentence=_("The application was refused. {text}"))
class ApplicationRefused:
    code_of_reason: str
    text: str


@event("document.uploaded", sentence=_("A document was sent: {document_kind}."))
class DocumentUploaded:
    document_code: str
    document_kind: str
    paper: str


@event("document.expired", sentence=_("A document has expired: {document_kind}."))
class DocumentExpired:
    document_kind: str
    paper: str


@event("shop.opened", sentence=_("The shop is open."))
class ShopOpened:
    tier: str
    offer_ends_at: str
    coupon_budget_minor: int


@event("shop.profile_changed", sentence=_("Changed: {fields}."))
class ShopProfileChanged:
    fields: list[str]


@event("shop.contact_changed", sentence=_("The contact address was changed to {new_email}."))
class ShopContactChanged:
    old_email: str
    new_email: str


@event("bank_account.changed", sentence=_("The bank account was changed to ••••{last_four}."))
class BankAccountChanged:
    last_four: str
    old_last_four: str
    usable_from: str


@event("member.invited", sentence=_("{email} was invited as {role}."))
class MemberInvited:
    email: str
    role: str
    expires_at: str


@event("member.joined", sentence=_("{name} joined the team as {role}."))
class MemberJoined:
    user_id: int
    name: str
    role: str


@event("member.role_changed", sentence=_("{name} is now {role} (was {old_role})."))
class MemberRoleChanged:
    user_id: int
    name: str
    role: str
    old_role: str


@event("member.removed", sentence=_("{name} was removed from the team."))
class MemberRemoved:
    user_id: int
    name: str
    role: str


@event("invitation.withdrawn", sentence=_("The invitation of {email} was withdrawn."))
class InvitationWithdrawn:
    email: str


@event("api_key.created", sentence=_("The API key “{name}” was created."))
class ApiKeyCreated:
    name: str
    scopes: list[str]


@event("api_key.revoked", sentence=_("The API key “{name}” was revoked."))
class ApiKeyRevoked:
    name: str


@event("deadline.delegated", sentence=_("“{label}” was given to {name}."))
class DeadlineDelegated:
    deadline_kind: str
    label: str
    user_id: int | None
    name: str


@event("eligibility.reviewed", sentence=_("The evaluation for {month} found the shop {outcome} for the programme."))
class EligibilityReviewed:
    month: str
    outcome: str
    missed: list[str]


@event("violation.opened", sentence=_("Case {code} was opened ({violation_kind}, {points:points}): {reason}"))
class ViolationOpened:
    violation_kind: str
    points: int
    reason: str


@event("violation.confirmed", audience="staff", sentence=_("A second person confirmed the case."))
class ViolationConfirmed:
    pass


@event("violation.correction_reported", sentence=_("The shop says that it was put right: {text}"))
class ViolationCorrectionReported:
    text: str


@event("violation.corrected", sentence=_("Case {code} ends without points, it was put right: {reason}"))
class ViolationCorrected:
    reason: str


@event("violation.withdrawn", sentence=_("Case {code} was withdrawn: {reason}"))
class ViolationWithdrawn:
    reason: str


@event("violation.enforced", sentence=_("Case {code} took effect, {points:points}: {reason}"))
class ViolationEnforced:
    points: int
    reason: str


@event("violation.lapsed", sentence=_("Of case {code}, {points:points} lapsed."))
class ViolationLapsed:
    points: int


@event("violation.overturned", sentence=_("Case {code} no longer counts: {reason}"))
class ViolationOverturned:
    reason: str


@event("appeal.filed", sentence=_("The shop appealed against case {code}: {text}"))
class AppealFiled:
    number: int
    text: str
    decide_by: str


@event("appeal.claimed", audience="staff", sentence=_("Somebody claimed the appeal."))
class AppealClaimed:
    pass


@event("appeal.released", audience="staff", sentence=_("The appeal was put back into the queue."))
class AppealReleased:
    pass


@event("appeal.delayed", sentence=_("The decision about the appeal takes longer than promised."))
class AppealDelayed:
    pass


@event("appeal.upheld", sentence=_("The appeal against case {code} was refused: {reason}"))
class AppealUpheld:
    number: int
    reason: str


@event("appeal.overturned", sentence=_("The appeal against case {code} was won, {points:points} gone: {reason}"))
class AppealOverturned:
    number: int
    points: int
    reason: str


@event("restriction.imposed", sentence=_("{reason}"))
class RestrictionImposed:
    reason: str
    ends_at: str


@event("restriction.lifted", sentence=_("What followed from case {case_code} was lifted."))
class RestrictionLifted:
    case_code: str


@event("shop.closed", sentence=_("The shop was closed by the marketplace. {reason}"))
class ShopClosed:
    reason: str


@event("shop.reopened", sentence=_("The shop is open again: the appeal against case {case_code} was won."))
class ShopReopened:
    case_code: str


@event("shop.tier_raised", sentence=_("The shop moved up from tier {tier_before} to {tier}."))
class ShopTierRaised:
    tier_before: str
    tier: str


@event("shop.viewed_by_staff", sentence=_("Staff looked at the shop as its seller sees it, read only: {reason}"))
class ShopViewedByStaff:
    reason: str
    until: str


@event("agreement.accepted", sentence=_("{name} acknowledged version {version} of the seller agreement."))
class AgreementAccepted:
    user_id: int
    name: str
    version: str


@event("access.restored", audience="staff", sentence=_("The second factor of {name} was taken away: {reason}"))
class AccessRestored:
    user_id: int
    name: str
    reason: str


@event(
    "member.factor_removed", sentence=_("Staff took away the lost second factor of {name} after checking who they are.")
)
class MemberFactorRemoved:
    user_id: int
    name: str


@event("access.readdressed", audience="staff", sentence=_("The account of {name} has another e-mail address: {reason}"))
class AccessReaddressed:
    user_id: int
    name: str
    reason: str


@event(
    "member.readdressed",
    sentence=_("Staff gave the account of {name} another e-mail address after checking who they are."),
)
class MemberReaddressed:
    user_id: int
    name: str


@event("access.changed", audience="staff", sentence=_("The access of {name} was changed: {fields}."))
class AccessChanged:
    user_id: int
    name: str
    fields: list[str]


@event("account.password_changed", sentence=_("{name} changed the password of their account."))
class AccountPasswordChanged:
    user_id: int
    name: str


@event("account.email_changed", sentence=_("{name} changed the e-mail address of their account."))
class AccountEmailChanged:
    user_id: int
    name: str


@event("account.phone_changed", sentence=_("{name} changed the phone number of their account."))
class AccountPhoneChanged:
    user_id: int
    name: str


@event("account.factor_added", sentence=_("{name} set up a second factor: {factor}."))
class AccountFactorAdded:
    user_id: int
    name: str
    factor: str


@event("account.factor_removed", sentence=_("{name} took a second factor away: {factor}."))
class AccountFactorRemoved:
    user_id: int
    name: str
    factor: str


@event("account.recovery_codes_made", sentence=_("{name} made new recovery codes."))
class AccountRecoveryCodesMade:
    user_id: int
    name: str


@event("account.login_connected", sentence=_("{name} connected an account at TikTok to log in with."))
class AccountLoginConnected:
    user_id: int
    name: str


@event("account.login_removed", sentence=_("{name} took the log-in with TikTok away."))
class AccountLoginRemoved:
    user_id: int
    name: str

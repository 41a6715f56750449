"""Letters about a claim: received, asked, answered, offered, decided, paid."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.wording.base import (
    Facts,
    Frame,
    Words,
    at,
    clean,
    language,
    one_line,
    say_day,
    say_list,
    say_sum,
    say_when,
    subject,
    together,
    working_days_after,
)
from portal.lib import dates

_BANK_DAYS = 5


def received(facts: Facts) -> Words:
    """Say that the report is here and by when we decide."""
    when = {"day": say_day(facts["decide_by"]), "when": say_when(facts["decide_by"])}
    return Words(
        subject=subject(_("We have your report: we decide by %(day)s") % when),
        heading=_("We have your report"),
        stamp=_("We decide by %(when)s") % when,
        says=[
            _("Your report about %(items)s is with the claims desk. I am sorry about this.")
            % {"items": say_list(facts["items"])},
            _("Please keep the goods, the box and its label until then."),
        ],
        button=_("See the claim"),
        then=_(
            "We look at what you sent and at what the carrier says. If we need one more photo or "
            "an answer, we ask; otherwise the next letter is our decision."
        ),
        **_common(facts),
    )


def question(facts: Facts) -> Words:
    """Ask the shopper for something, with a date."""
    when = {"day": say_day(facts["due_at"]), "when": say_when(facts["due_at"])}
    return Words(
        subject=subject(_("A question about your claim: answer by %(day)s") % when),
        # The page says it with a count; one sentence in two grammars would share a translation.
        heading=ngettext(
            "We need one more thing from you", "We need %(count)s more things from you", 1
        )
        % {"count": 1},
        stamp=_("Please answer by %(when)s") % when,
        says=[_("The claims desk asks:")],
        quote=clean(facts["question"]),
        button=_("Answer now"),
        then=_(
            "When your answer is here, we go on at once. If it does not come by then, the claim "
            "rests; you can wake it again on the same page."
        ),
        **_common(facts),
    )


def message(facts: Facts) -> Words:
    """Pass on what the desk wrote."""
    day = {"day": say_day(facts["happened_at"]), "ref": facts["ref"]}
    return Words(
        subject=subject(_("The claims desk wrote on %(day)s: %(ref)s") % day),
        heading=_("The claims desk wrote to you"),
        says=[_("They say:")],
        quote=one_line_or_more(facts["body"]),
        button=_("Read and answer"),
        then=_("Your answer on the page reaches whoever has your claim; photos may go with it."),
        **_common(facts),
    )


def offer(facts: Facts) -> Words:
    """Say what we offer and until when."""
    named = {"sum": say_sum(facts), "day": say_day(facts["answer_by"])}
    return Words(
        subject=subject(_("We offer %(sum)s: please answer by %(day)s") % named),
        heading=_("We offer you %(sum)s") % named,
        stamp=_("Please answer by %(when)s") % {"when": say_when(facts["answer_by"])},
        says=[
            _("We have looked at your claim about %(items)s.") % {"items": say_list(facts["items"])}
        ],
        quote=clean(facts["text"]),
        total=(_("Our offer"), named["sum"]),
        button=_("See the offer and answer"),
        then=together(
            _if_yes(facts),
            _("Not what you hoped for? The same page says what else you can ask for."),
        ),
        **_common(facts),
    )


def approved(facts: Facts) -> Words:
    """Say that we refund, how much, and where it goes."""
    named = {"sum": say_sum(facts), "day": say_day(facts["happened_at"])}
    return Words(
        subject=subject(_("We refund %(sum)s: decided on %(day)s") % named),
        heading=_("We refund you %(sum)s") % named,
        stamp=_("Decided on %(day)s") % named,
        says=[_("We agree with your claim about %(items)s.") % {"items": say_list(facts["items"])}],
        quote=clean(facts["text"]),
        total=(_to(facts), named["sum"]),
        button=_("See the decision"),
        then=together(
            _leaves(facts), _("We write again when it has left, with the bank's reference.")
        ),
        **_common(facts),
    )


def declined(facts: Facts) -> Words:
    """Say no, why, and the way to a second look, if there is one left."""
    if not facts["appeal_until"]:
        return _declined_for_good(facts)
    until = {"day": say_day(facts["appeal_until"])}
    return Words(
        subject=subject(_("We cannot refund this: second look until %(day)s") % until),
        heading=_("We cannot refund this"),
        stamp=_("Another look until %(day)s") % until,
        says=[
            _("We have looked at your claim about %(items)s. This is why we cannot pay it:")
            % {"items": say_list(facts["items"])}
        ],
        quote=clean(facts["text"]),
        button=_("Read it, or ask for another look"),
        then=_(
            "Another look is free and done by a different person. Say in a sentence what we got "
            "wrong; a new photo helps."
        ),
        **_common(facts),
    )


def _declined_for_good(facts: Facts) -> Words:
    return Words(
        subject=subject(_("We cannot refund this: our last answer")),
        heading=_("We cannot refund this"),
        says=[
            _("Another person has looked at your claim about %(items)s. This is why we stay at no:")
            % {"items": say_list(facts["items"])}
        ],
        quote=clean(facts["text"]),
        button=_("Read it"),
        then=_(
            "Different people have looked at it as often as our rules allow. What was decided "
            "stays on the claim's page."
        ),
        **_common(facts),
    )


def paid(facts: Facts) -> Words:
    """Say that the money has left us, and when the bank shows it."""
    named = {"sum": say_sum(facts), "day": say_day(facts["settled_at"])}
    shown = working_days_after(at(facts["settled_at"]).date(), _BANK_DAYS)
    bank = {"day": dates.day(shown, language())}
    figures = [(_("Left us on"), say_when(facts["settled_at"]))]
    if facts["provider_ref"]:
        figures.append((_("Bank reference"), one_line(facts["provider_ref"], at_most=60)))
    return Words(
        subject=subject(_("Paid: %(sum)s left us on %(day)s") % named),
        heading=_("%(sum)s is on its way to you") % named,
        stamp=_("Paid on %(day)s") % named,
        says=[
            _("The bank has confirmed the refund for %(items)s.")
            % {"items": say_list(facts["items"])}
        ],
        figures=figures,
        total=(_to(facts), named["sum"]),
        button=_("See the payment"),
        then=_(
            "Your bank usually shows it by %(day)s. If it does not, answer on the claim's page "
            "and give the reference above."
        )
        % bank,
        **_common(facts),
    )


def payment_failed(facts: Facts) -> Words:
    """Say that the money did not arrive and what happens now."""
    named = {"sum": say_sum(facts), "day": say_day(facts["happened_at"])}
    return Words(
        subject=subject(_("Not paid: the bank sent %(sum)s back on %(day)s") % named),
        heading=_("The bank sent your refund back"),
        stamp=_("Sent back on %(day)s") % named,
        says=[
            _("The refund for %(items)s did not go through. Nothing is lost: we still owe it.")
            % {"items": say_list(facts["items"])}
        ],
        total=(_to(facts), named["sum"]),
        button=_("Write to the claims desk"),
        then=_(
            "The claims desk has been told and looks for another way. If the card or account is "
            "closed, say so on the page; never write its number."
        ),
        **_common(facts),
    )


def reminder(facts: Facts) -> Words:
    """Remind the shopper that we wait for an answer, a photo or a parcel."""
    when = {"day": say_day(facts["due_at"]), "when": say_when(facts["due_at"])}
    waits = {
        "offer": _("Our offer waits for your answer."),
        "evidence": _("We still wait for the answer or the photo that we asked for."),
        "return": _("We still wait for the goods to be posted back."),
    }
    total = None
    if facts["what"] == "offer" and facts["amount_minor"]:
        total = (_("Our offer"), say_sum(facts))
    return Words(
        subject=subject(_("Reminder: your claim waits for you until %(day)s") % when),
        heading=_("Your claim waits for you"),
        stamp=_("Please answer by %(when)s") % when,
        says=[waits[facts["what"]]],
        quote=clean(facts["text"]),
        total=total,
        button=_("Open my claim"),
        then=_(
            "If we hear nothing by then, the claim rests. You can wake it again on the same page."
        ),
        **_common(facts),
    )


def one_line_or_more(text: object, *, at_most: int = 2000) -> str:
    """Return what the desk wrote, cut if it is very long: the page has the rest."""
    whole = clean(text)
    return whole if len(whole) <= at_most else whole[: at_most - 1].rstrip() + "…"


def _if_yes(facts: Facts) -> str:
    """Say by when the money leaves if they say yes today; an older event does not know."""
    if not facts.get("pays_by"):
        return _("Say yes, and the page says by when the money leaves us.")
    return _("Say yes today, and the money leaves us by %(day)s.") % {
        "day": say_day(facts["pays_by"])
    }


def _leaves(facts: Facts) -> str:
    if not facts.get("pays_by"):
        return _("The money goes back the way you paid.")
    return _("The money leaves us by %(day)s and goes back the way you paid.") % {
        "day": say_day(facts["pays_by"])
    }


def _to(facts: Facts) -> str:
    instrument = one_line(facts["instrument"], at_most=80)
    if not instrument:
        return _("Total, back the way you paid")
    return _("Total to your %(instrument)s") % {"instrument": instrument}


def _common(facts: Facts) -> Frame:
    return {
        "about": _("Claim %(ref)s, order %(order)s")
        % {"ref": facts["ref"], "order": one_line(facts["order"], at_most=64)},
        "link": f"{settings.SITE_URL}/claims/{facts['ref']}/",
        "why": _(
            "You get this letter because you reported a problem with order %(order)s. The link "
            "opens your claim after a code that we send to this address."
        )
        % {"order": one_line(facts["order"], at_most=64)},
    }

"""Who is called for what: the incident playbook's table, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person on call, by role."""

    role: str
    channel: str
    phone: str


DEVOPS_LEAD = Contact(role="DevOps Lead", channel="#oncall-devops", phone="+1-555-0100")
AI_ENGINEERING_LEAD = Contact(role="AI Engineering Lead", channel="#oncall-ai", phone="+1-555-0101")
DBA = Contact(role="DBA", channel="#oncall-db", phone="+1-555-0102")
BACKEND_LEAD = Contact(role="Backend Lead", channel="#oncall-backend", phone="+1-555-0103")

WHERE_NONE_IS_NAMED = DEVOPS_LEAD
"""For an alert that the playbook names nobody for."""

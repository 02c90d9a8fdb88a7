"""
A plan as the report that GitLab shows in a merge request, in the widget for infrastructure plans.

GitLab's page on `artifacts:reports:terraform` (https://docs.gitlab.com/ci/yaml/artifacts_reports/) names the artifact;
its parser wants one object with the three numbers `create`, `update` and `delete`, and cuts each at 999,999.
"""

import json

from reconciler.core.documents.plan import PlanDocument


def render_plan_gitlab(plan: PlanDocument) -> str:
    """
    Give the totals of a plan as GitLab's report.

    Contacts, memories, facts and users are counted one by one, as the plan's summary counts them: what is created or
    added under `create`, what is live with another value under `update`. Nothing is ever deleted. Operations that may
    not be needed (`"certain": false`) are not counted: they are no pending changes, and the report has no place to say
    so; the text and JSON of the plan do.
    """
    summary = plan.summary
    created = summary.contacts_to_create + summary.memories_to_create + summary.facts_to_add + summary.users_to_add
    updated = summary.contacts_to_update + summary.facts_to_update + summary.users_to_update
    return json.dumps({"create": created, "update": updated, "delete": 0}) + "\n"

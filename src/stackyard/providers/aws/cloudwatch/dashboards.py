"""CloudWatch dashboards. The id is the name."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind


class Dashboard(Kind):
    """`aws:cloudwatch/dashboard:Dashboard`."""

    naming = None
    overwrites = True
    replaces = ("dashboardName",)
    documents = ("dashboardBody",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["dashboardName"], inputs["dashboardBody"])
        return str(inputs["dashboardName"])

    def _put(self, aws: Aws, name: str, body: str) -> None:
        aws.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.cloudwatch.get_dashboard(DashboardName=id)
        return {"dashboardName": id, "dashboardBody": found["DashboardBody"], "dashboardArn": found["DashboardArn"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new["dashboardBody"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.cloudwatch.delete_dashboards(DashboardNames=[id])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["dashboardName"])

"""AWS Glue: the data catalog, crawlers, jobs and triggers."""

TYPES = {
    "CatalogDatabase": "catalogs",
    "CatalogTable": "catalogs",
    "Connection": "links",
    "Crawler": "crawlers",
    "Job": "jobs",
    "Trigger": "jobs",
}
FUNCTIONS: dict[str, str] = {}

"""Amazon EFS: file systems, mount targets and access points."""

TYPES = {
    "AccessPoint": "targets",
    "BackupPolicy": "policies",
    "FileSystem": "files",
    "FileSystemPolicy": "policies",
    "MountTarget": "targets",
}
FUNCTIONS: dict[str, str] = {}

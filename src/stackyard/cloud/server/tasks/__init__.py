"""ECS tasks that run: each container is a confined program (`confinement`) with its task role's credentials.

Promise: a task is RUNNING only while its containers run; what a container prints is in CloudWatch Logs; nothing
outlives the server. ministack keeps the records, of tasks and of services; this package makes them true.
Must not: give a container anything of the server's own environment or files.
"""

"""Every write is on disk before it is answered.

ministack keeps each service's resources in scoped dictionaries. Here those dictionaries note which of their entries
a request touched (`tracking`); before the response leaves, the touched entries are encoded, compared with what the
disk has, and the changed ones are appended to a journal and synced (`keeping`, `journals`); requests that finish
together share one sync. A journal grown long is folded into a snapshot while requests go on. Large values are
divided so that one message, object or item is one record (`layouts`).

Promise: after kill -9 at any moment, a restart shows every answered write.
Must not: know what a service means, beyond the shape of four large values.
"""

"""Code that runs in an organization's account as functions: boto3 and the standard library only, one file a function.

Promise: each may be called twice for the same thing. It must not import anything of the product.
"""

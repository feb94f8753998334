"""Parts that could be libraries of their own.

Promise: no word of the domain; standard library and, behind one door each, a third-party package.
Must not: import anything of the product.
"""

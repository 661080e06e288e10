"""
Compare the catalogues with today's public sources, and take over what is new.

``python -m tools.import_catalogue wechatpay CHECKOUT`` reads a checkout of the
public documentation pages, ``python -m tools.import_catalogue taobao_top
METADATA`` the public metadata of TOP. Both print a line for each difference
that no table decides:

===========  =================================================================
``new``      an operation, event or method, or a field, that the catalogue lacks
``gone``     one that the source lacks
``changed``  another value of a type, a mark, an enumeration …: old → new
===========  =================================================================

``--write`` takes over what is new and changed, ``--remove`` with it what is
gone, ``--keep`` writes down that the catalogue stays as it is; ``--only``
narrows each of them. The exit code is 0 if nothing is open, 1 if something is,
2 for wrong arguments and 3 if something could not be read (the rest was).
"""

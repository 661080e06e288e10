"""
Types of every catalogued method's parameters and answer.

They are TypedDicts in modules named after the first two parts of the method's
name; a name is the rest of it and what it is::

    from taobao_top.types.taobao.item import SellerGetParams, SellerGetData

``…Params`` are the parameters, ``…Data`` is the inside of the answer; objects
inside of them have the platform's names of their classes.  A module is read
when it is imported, not before.
"""

"""
Types of every catalogued request, answer and notification.

They are TypedDicts in modules named after the first two segments of the path;
a name is the rest of the path, the verb and what it is::

    from wechatpay.types.v3.hire_power_bank import InsuranceOrdersPostRequest, InsuranceOrdersPostData
    from wechatpay.types.events import TransactionSuccess

``…Request`` is the body (of an upload: the further fields of its meta),
``…Params`` the query, ``…Files`` the file, ``…Data`` the answer.  A module is
read when it is imported, not before.
"""

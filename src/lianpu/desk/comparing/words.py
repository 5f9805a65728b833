"""What the figures of health are called, and what they count."""

from django.utils.translation import gettext_lazy as _

HEADINGS = {
    "completeness": _("完整度"),
    "resilience": _("韧性"),
    "leadership": _("引领"),
    "innovation": _("创新"),
    "local_sourcing": _("本地配套"),
}
# Titles and research spending are known of no city of a reference, so they are not compared.
MEASURES = {
    "completeness": _("已有环节 / 全部环节"),
    "completeness_even": _("同等企业数下的已有环节（期望）/ 全部环节"),
    "resilience_firms": _("有两家以上企业的环节 / 已有环节"),
    "resilience_inputs": _("本地有两家以上供方的不可缺投入 / 不可缺投入"),
    "leadership_sure": _("确有优势的环节 / 可判断的环节"),
    "leadership": _("区位商达到优势线的环节 / 可判断的环节"),
    "innovation_research": _("从事研发的企业 / 本链企业"),
    "local_sourcing": _("本地能供的投入权重 / 全部投入权重"),
}
MAIN = ("completeness", "resilience_firms", "leadership_sure", "innovation_research", "local_sourcing")
"""One measure a heading, where there is room for five."""
BROAD = ("completeness", "completeness_even", *MAIN[1:])
REASONS = {
    "none_filled": _("本链还没有环节有企业"),
    "no_critical_inputs": _("图谱上没有不可缺的投入"),
    "no_inputs": _("图谱上没有投入"),
    "nothing_known": _("没有对照库，无法判断"),
    "no_firms": _("本链没有企业"),
    "too_few": _("企业太少"),
}


def heading_of(measure: str) -> str:
    """The heading that a measure stands under."""
    return measure if measure in HEADINGS else measure.partition("_")[0]

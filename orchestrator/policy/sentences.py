"""One sentence for a scheduler about a verdict: what happened, whose side it lies on, and what it rests on.

Japanese and English; times with seconds, in the zone of the session; roles, never names. The people of the session get
shorter words from the pages' catalogues. `WORDS` has every reason of every verdict; a test walks the policy for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    Confidence,
    Evidence,
    SeatId,
    Signal,
    Verdict,
)

SHOWN = 4
"""So much evidence a sentence bears; the whole list stands beside it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One text in both languages."""

    ja: str
    en: str


_T = Sentence

WORDS: Mapping[str, Sentence] = {
    # Of our own.
    "worker_lost": _T(
        "{at} に映像中継の装置が停止して接続が切れ", "the media equipment failed at {at}"
    ),
    "service_gap": _T("{at} からサーバーが停止し", "the server was not running from {at} on"),
    "server_fault": _T(
        "{at} にサーバーの不具合で接続が切れ", "a fault of the server ended the connection at {at}"
    ),
    "many_lost_at_once": _T(
        "{at} にほかの相談も含めて多数の接続が同時に切れ",
        "many connections, of other sessions too, were lost together at {at}",
    ),
    "both_lost_at_once": _T(
        "{at} に双方の接続が同時に切れ", "both connections were lost together at {at}"
    ),
    "both_never_connected": _T(
        "双方とも映像と音声の接続ができず", "the media of neither side ever connected"
    ),
    # One side.
    "seeker_stepped_out": _T(
        "{at} にご利用者が離席して時間内に戻らず",
        "the visitor stepped out at {at} and was not back in time",
    ),
    "supporter_stepped_out": _T(
        "{at} に相談員が離席して時間内に戻らず",
        "the counsellor stepped out at {at} and was not back in time",
    ),
    "seeker_closed_page": _T(
        "{at} にご利用者が画面を閉じて時間内に戻らず",
        "the visitor closed the page at {at} and was not back in time",
    ),
    "supporter_closed_page": _T(
        "{at} に相談員が画面を閉じて時間内に戻らず",
        "the counsellor closed the page at {at} and was not back in time",
    ),
    "supporter_left_after_trouble": _T(
        "{at} に通信が途絶えたあと相談員が退出し",
        "the line fell silent at {at}, and the counsellor left after it",
    ),
    "seeker_offline": _T(
        "{at} にご利用者の端末がネットワークから切れ",
        "the visitor's device had no network from {at}",
    ),
    "supporter_offline": _T(
        "{at} に相談員の端末がネットワークから切れ",
        "the counsellor's device had no network from {at}",
    ),
    "seeker_asleep": _T(
        "{at} にご利用者の端末が休止して接続が切れ",
        "the visitor's device fell asleep and was lost at {at}",
    ),
    "supporter_asleep": _T(
        "{at} に相談員の端末が休止して接続が切れ",
        "the counsellor's device fell asleep and was lost at {at}",
    ),
    "seeker_device_ended": _T(
        "{at} にご利用者のカメラまたはマイクが使えなくなって接続が切れ",
        "the visitor's camera or microphone was taken away, and the visitor was lost at {at}",
    ),
    "supporter_device_ended": _T(
        "{at} に相談員のカメラまたはマイクが使えなくなって接続が切れ",
        "the counsellor's camera or microphone was taken away, and the counsellor was lost at {at}",
    ),
    "seeker_device_silenced": _T(
        "{at} にご利用者の端末で着信などによりマイクが中断されて接続が切れ",
        "the visitor's device cut the microphone, as for an incoming call, and was lost at {at}",
    ),
    "supporter_device_silenced": _T(
        "{at} に相談員の端末で着信などによりマイクが中断されて接続が切れ",
        "the counsellor's device cut the microphone, as for an incoming call, and was lost at {at}",
    ),
    "seeker_line_bad": _T(
        "ご利用者の回線が不安定になったあと {at} に接続が切れ",
        "the visitor's line was bad before it was lost at {at}",
    ),
    "supporter_line_bad": _T(
        "相談員の回線が不安定になったあと {at} に接続が切れ",
        "the counsellor's line was bad before it was lost at {at}",
    ),
    "seeker_page_hidden": _T(
        "ご利用者の画面が背面に移ったあと {at} に接続が切れ",
        "the visitor's page went into the background and was lost at {at}",
    ),
    "supporter_page_hidden": _T(
        "相談員の画面が背面に移ったあと {at} に接続が切れ",
        "the counsellor's page went into the background and was lost at {at}",
    ),
    "seeker_connection_lost": _T(
        "{at} にご利用者の接続が切れて時間内に戻らず",
        "the visitor's connection was lost at {at} and was not back in time",
    ),
    "supporter_connection_lost": _T(
        "{at} に相談員の接続が切れて時間内に戻らず",
        "the counsellor's connection was lost at {at} and was not back in time",
    ),
    "supporter_never_connected": _T(
        "相談員の映像と音声が一度も接続されず", "the counsellor's media never connected"
    ),
    # Nobody knows.
    "seeker_left_after_trouble": _T(
        "通信の不調のあとご利用者が退出し", "the visitor left after the line had been in trouble"
    ),
    "seeker_page_closed_only": _T(
        "{at} にご利用者の画面が閉じられたことのほかに記録がなく",
        "nothing is known but that the visitor's page closed at {at}",
    ),
    "seeker_lost_unclear": _T(
        "{at} にご利用者の接続が切れたことのほかに記録がなく",
        "nothing is known but that the visitor was lost at {at}",
    ),
    "supporter_lost_unclear": _T(
        "{at} に相談員の接続が切れたことのほかに記録がなく",
        "nothing is known but that the counsellor was lost at {at}",
    ),
    "both_lost_unclear": _T(
        "{at} に双方の接続が同時に切れた一方で端末側の不調の記録もあり",
        "both were lost together at {at}, but one side's own trouble speaks against a common cause",
    ),
    "both_lines_bad": _T(
        "双方の回線が不安定になったあと {at} に接続が切れ",
        "both lines were bad before the connection was lost at {at}",
    ),
    "both_in_trouble": _T(
        "双方の端末や回線に同時に不調があり {at} に接続が切れ",
        "both sides had trouble of their own when the connection was lost at {at}",
    ),
    "call_dropped": _T(
        "{at} にご利用者が電話に出なくなり",
        "the visitor did not answer the telephone any more at {at}",
    ),
    "seeker_never_connected": _T(
        "ご利用者の映像と音声が一度も接続されず", "the visitor's media never connected"
    ),
    "media_never_flowed": _T(
        "双方とも接続しましたが、映像と音声が流れず",
        "both sides connected, but picture and sound never went both ways",
    ),
    "link_revoked": _T(
        "{at} に窓口が招待リンクを無効にし", "the office made the invitation link void at {at}"
    ),
    "nobody_lost": _T("だれの接続も切れておらず", "nobody's connection was lost"),
    "does_not_work": _T(
        "{at} にご利用者が「うまくつながらない」として終了し",
        "the visitor ended at {at} because it did not work",
    ),
    "interrupted_long": _T(
        "中断が長く、双方が戻ったあとも残り時間では行えず",
        "the interruption was too long to be made up for after both were back",
    ),
    "never_joined": _T(
        "双方とも来ていましたが、終了時刻まで入室がなく",
        "both were there, but nobody entered before the end",
    ),
    "never_admitted": _T(
        "ご利用者は終了時刻まで待合室にいましたが、入室の案内がなく",
        "the visitor waited in the waiting room until the end and was not let in",
    ),
    "seeker_not_rung": _T(
        "ご利用者への呼び出しが必要な時間に足りないまま終了時刻になり",
        "the end came before the visitor had been rung for long enough",
    ),
    "call_unreported": _T(
        "電話の結果が報告されないまま終了時刻になり",
        "the end came, and nobody had reported on the telephone call",
    ),
}
"""Reasons that are followed by whose side it lies on."""

PLAIN: Mapping[str, Sentence] = {
    "hard_end": _T("{at} に予定の終了時刻で終わりました", "it ended at its scheduled end, {at}"),
    "seeker_ended": _T("{at} にご利用者が相談を終えました", "the visitor ended it at {at}"),
    "both_agreed": _T(
        "{at} に双方の合意で終わりました", "it ended at {at} because both agreed to it"
    ),
    "closed_on_question": _T(
        "終了の確認が出ている間にご利用者が画面を閉じたため、{at} に合意とみなして終わりました",
        "the visitor closed the page while being asked to end, which counted as a yes at {at}",
    ),
    "goodbye": _T(
        "双方が続けて画面を閉じたため、{at} に終えたものとしました",
        "both closed their pages shortly after each other, which counted as the end at {at}",
    ),
    "lost_in_tail": _T(
        "終了間際の切断のため、{at} に行われたものとして終わりました",
        "a connection was lost just before the end, so it counted as held at {at}",
    ),
    "call_finished": _T(
        "{at} に相談員が電話の終了を報告しました",
        "the counsellor reported at {at} that the telephone call was finished",
    ),
    "seeker_absent": _T(
        "{at} の締切までにご利用者が来ませんでした",
        "the visitor had not come by the cutoff at {at}",
    ),
    "supporter_absent": _T(
        "{at} の締切に相談員がいませんでした", "the counsellor was not there at the cutoff, {at}"
    ),
    "notice_not_kept": _T(
        "遅れるとの連絡があったご利用者が {at} までに来ませんでした",
        "the visitor had sent word of being late, and had not come by {at}",
    ),
    "seeker_waited": _T(
        "相談員が遅れ、待っていたご利用者は {at} の締切にいませんでした",
        "the counsellor was late, and the visitor, who had waited, was away at the cutoff, {at}",
    ),
    "call_unanswered": _T(
        "{at} までにご利用者が電話に出ませんでした",
        "the visitor had not answered the telephone by {at}",
    ),
    "late_start": _T(
        "相談員の開始が遅れ、ご利用者は {at} に始めずに終えました",
        "the counsellor was late, and the visitor left it at {at} instead of beginning",
    ),
    "late_start_ours": _T(
        "当方の設備の都合で開始が遅れ、ご利用者は {at} に始めずに終えました",
        "the start was late through our own equipment, and the visitor left it at {at} instead of beginning",
    ),
    "seeker_cancelled": _T(
        "開始前の {at} にご利用者が取り消しました", "the visitor cancelled before it began, at {at}"
    ),
    "cancelled": _T("{at} に{who}が予約を取り消しました", "{who} cancelled the booking at {at}"),
    "maintenance": _T(
        "保守作業のため {at} に終わりました", "it ended at {at} because of maintenance"
    ),
    "office_ended": _T("{at} に窓口の担当者が終了しました", "a scheduler ended it at {at}"),
    "conduct_reported": _T(
        "{at} に{who}の言動について報告があり、中止しました",
        "it was stopped at {at} because the conduct of {who} was reported",
    ),
    "recording_reported": _T(
        "{at} に{who}の録音・録画の疑いについて報告があり、中止しました",
        "it was stopped at {at} because a recording by {who} was reported",
    ),
    "overruled": _T("{at} に担当者が判断を改めました", "a scheduler changed the verdict at {at}"),
}
"""Reasons that say it all themselves; `{who}` is the cause."""

_WHO: Mapping[Cause, Sentence] = {
    Cause.SEEKER: _T("ご利用者", "the visitor"),
    Cause.SUPPORTER: _T("相談員", "the counsellor"),
    Cause.PLATFORM: _T("当方の設備", "our own equipment"),
    Cause.UNKNOWN: _T("不明", "nobody known"),
    Cause.OFFICE: _T("窓口", "the office"),
    Cause.MAINTENANCE: _T("窓口（保守作業）", "the office, for maintenance,"),
}

_SIDE: Mapping[Cause, Sentence] = {
    Cause.SEEKER: _T("ご利用者側", "the visitor's side"),
    Cause.SUPPORTER: _T("相談員側", "the counsellor's side"),
    Cause.PLATFORM: _T("当方の設備", "our own equipment"),
}


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """How one signal is told: alone, and with its value."""

    plain: Sentence
    valued: Sentence | None = None
    write: Callable[[float], str] = _whole


_SEEN: Mapping[Signal, _Seen] = {
    Signal.STEPPED_OUT: _Seen(_T("離席", "stepped out")),
    Signal.PAGE_CLOSED: _Seen(_T("画面が閉じられた", "page closed")),
    Signal.SIGNALLING_LOST: _Seen(
        _T("画面との接続が切断", "page connection lost"),
        _T("コード {value} で画面との接続が切断", "page connection lost with code {value}"),
    ),
    Signal.MEDIA_SILENT: _Seen(
        _T("映像と音声が途絶", "media silent"),
        _T("映像と音声が {value} 秒途絶", "media silent for {value} s"),
        _seconds,
    ),
    Signal.WORKER_LOST: _Seen(_T("映像中継の停止", "media worker lost")),
    Signal.SERVICE_GAP: _Seen(
        _T("サーバーの停止", "service gap"),
        _T("サーバーが {value} 秒停止", "service gap of {value} s"),
        _seconds,
    ),
    Signal.BROKEN_PRESSED: _Seen(
        _T("「うまくつながらない」の申し出", "said that it does not work")
    ),
    Signal.LINK_REVOKED: _Seen(_T("招待リンクの無効化", "link made void")),
    Signal.CALL_DROPPED: _Seen(_T("電話に応答なし", "telephone not answered")),
    Signal.LOST_NEARBY: _Seen(
        _T("ほかの席も同時に切断", "other seats lost at once"),
        _T("ほかの {value} 席も同時に切断", "{value} other seats lost at once"),
    ),
    Signal.LINE_BAD: _Seen(
        _T("通信の損失", "packets lost"),
        _T("通信の損失 {value}%", "{value}% of packets lost"),
        _percent,
    ),
    Signal.DELAY_HIGH: _Seen(
        _T("通信の遅延", "long delay"),
        _T("通信の往復遅延 {value} ミリ秒", "round trip of {value} ms"),
    ),
    Signal.JITTER_HIGH: _Seen(
        _T("届く音声のゆらぎ", "sound arrived unevenly"),
        _T("届く音声のゆらぎ {value} ミリ秒", "sound arrived unevenly, by {value} ms"),
    ),
    Signal.DEVICE_ENDED: _Seen(
        _T("カメラまたはマイクの停止", "camera or microphone ended"),
    ),
    Signal.DEVICE_SILENCED: _Seen(
        _T("カメラまたはマイクの中断", "camera or microphone cut by the system")
    ),
    Signal.PAGE_HIDDEN: _Seen(_T("画面が背面に移動", "page in the background")),
    Signal.PAGE_ASLEEP: _Seen(
        _T("端末の休止", "device asleep"),
        _T("端末が {value} 秒休止", "device asleep for {value} s"),
        _seconds,
    ),
    Signal.PAGE_OFFLINE: _Seen(
        _T("端末がオフライン", "device offline"),
        _T("端末が {value} 秒オフライン", "device offline for {value} s"),
        _seconds,
    ),
    Signal.PAGE_RELOADED: _Seen(_T("画面の再読み込み", "page reloaded")),
}

_SEATS: Mapping[SeatId, Sentence] = {
    SEEKER: _T("ご利用者：", "visitor: "),
    SUPPORTER: _T("相談員：", "counsellor: "),
}
_NO_SEAT = _T("", "")
_MOMENTS = frozenset(
    {
        Signal.STEPPED_OUT,
        Signal.PAGE_CLOSED,
        Signal.SIGNALLING_LOST,
        Signal.MEDIA_SILENT,
        Signal.WORKER_LOST,
        Signal.SERVICE_GAP,
        Signal.LINK_REVOKED,
        Signal.CALL_DROPPED,
    }
)
"""Signals whose time is the time of the loss itself."""


def sentence(verdict: Verdict, time_zone: str) -> Sentence:
    """Say in one sentence what a verdict is and why.

    Args:
        verdict: of any reason; one that an older version gave is told by its key.
        time_zone: IANA name; of the session.
    """
    zone = ZoneInfo(time_zone)
    at = _clock(_moment_of(verdict), zone)
    who = _WHO[verdict.cause or Cause.UNKNOWN]
    if verdict.reason in WORDS:
        words, tail = WORDS[verdict.reason], _tail(verdict)
        ja = words.ja.format(at=at) + tail.ja
        en = words.en.format(at=at) + tail.en
    else:
        words = PLAIN.get(verdict.reason) or _T(
            f"理由は「{verdict.reason}」です", f"the reason is «{verdict.reason}»"
        )
        ja, en = words.ja.format(at=at, who=who.ja), words.en.format(at=at, who=who.en)
    seen = evidence_words(verdict.evidence, zone)
    if seen.ja and verdict.reason in WORDS:
        ja, en = f"{ja}（{seen.ja}）", f"{en} ({seen.en})"
    return Sentence(f"{ja}。", f"{en[0].upper()}{en[1:]}.")


def _tail(verdict: Verdict) -> Sentence:
    """Whose side it lies on."""
    side = _SIDE.get(verdict.cause) if verdict.cause is not None else None
    if side is None:
        return _T("、原因は特定できません", "; the cause is not known")
    if verdict.confidence is Confidence.SURE:
        return _T(f"、原因は{side.ja}です", f"; the cause lies with {side.en}")
    return _T(f"、原因は{side.ja}とみられます", f"; the cause probably lies with {side.en}")


def _moment_of(verdict: Verdict) -> datetime:
    """When the loss began; of verdicts without one, when they were given."""
    if verdict.reason not in WORDS or verdict.reason == "does_not_work":
        return verdict.at
    return min((one.at for one in verdict.evidence if one.signal in _MOMENTS), default=verdict.at)


def evidence_words(evidence: tuple[Evidence, ...], zone: ZoneInfo) -> Sentence:
    """The first pieces of evidence in words, each with its time; empty when there are none."""
    told = [_told(one, zone) for one in evidence[:SHOWN]]
    return Sentence("、".join(one.ja for one in told), ", ".join(one.en for one in told))


def _told(one: Evidence, zone: ZoneInfo) -> Sentence:
    seen = _SEEN[one.signal]
    seat = _SEATS.get(one.seat, _NO_SEAT) if one.seat is not None else _NO_SEAT
    words, value = seen.plain, ""
    if one.value is not None and seen.valued is not None:
        words, value = seen.valued, seen.write(one.value)
    at = _clock(one.at, zone)
    return Sentence(
        f"{at} {seat.ja}{words.ja.format(value=value)}",
        f"{at} {seat.en}{words.en.format(value=value)}",
    )


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"

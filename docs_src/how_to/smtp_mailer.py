# --8<-- [start:words]
from email.message import EmailMessage

import aiosmtplib
from fastapi_jwtkit.mail import Mail, MailKind

IGNORE = "If that was not you, you need not do anything."
WARN = "If that was not you, reset your password now."

WORDS = {
    MailKind.RESET_PASSWORD: (
        "Your new password",
        f"Set it within {{minutes}} minutes:\n\n{{link}}\n\n{IGNORE}",
    ),
    MailKind.VERIFY_EMAIL: ("Your address", f"Confirm it:\n\n{{link}}\n\n{IGNORE}"),
    MailKind.CHANGE_EMAIL: ("Your new address", f"Confirm it:\n\n{{link}}\n\n{IGNORE}"),
    MailKind.EMAIL_CHANGE_ASKED: ("Your address", f"Somebody asked to change it. {WARN}"),
    MailKind.EMAIL_CHANGED: ("Your address", f"It was changed. {WARN}"),
    MailKind.PASSWORD_CHANGED: ("Your password", f"It was changed. {WARN}"),
    MailKind.ALREADY_REGISTERED: ("Your account", "You have one: log in as {login}."),
    MailKind.LOGIN_TAKEN: ("Your account", "The name {login} is taken. Choose another."),
}
# --8<-- [end:words]


# --8<-- [start:mailer]
class SMTPMailer:
    def __init__(
        self,
        host: str,
        *,
        port: int = 587,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        start_tls: bool = True,  # a server without TLS is an error, not a fallback
    ) -> None:
        self.sender = sender
        self.host, self.port, self.start_tls = host, port, start_tls
        self.username, self.password = username, password

    async def send(self, mail: Mail, /) -> None:
        subject, text = WORDS[mail.kind]
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, subject
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation note answers it
        message.set_content(text.format(link=mail.link, **mail.context))
        await aiosmtplib.send(
            message,
            hostname=self.host,
            port=self.port,
            start_tls=self.start_tls,
            username=self.username,
            password=self.password,
            timeout=20,
        )


# --8<-- [end:mailer]

"""Settings of webhooks."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from .queue import ScheduleSettings
from .types import Secret, SecretUrls, WebhookSecret


class WebhookSettings(ScheduleSettings, frozen=True, kw_only=True):
    """The receivers of webhooks."""

    webhook_urls: Annotated[
        SecretUrls,
        Meta(
            description="URLs that events of all collections are sent to, separated by commas: new packages and "
            "releases, packages that left, lost support, advisories."
        ),
    ] = ""
    webhook_secret: Annotated[
        WebhookSecret,
        Meta(description="Key that signs webhooks: `whsec_` and 24 to 64 random bytes in base64."),
    ] = Secret()

    def find_unsigned_webhooks(self) -> Iterator[str]:
        """Yield a line if there are receivers, but no key to sign what they get."""
        if self.webhook_urls and not self.webhook_secret.get_secret_value():
            yield 'WEBHOOK_URLS needs WEBHOOK_SECRET; create one: echo "whsec_$(openssl rand -base64 32)"'

"""Every setting, in one place: environment variables (or `.env`) with the prefix ``LOKET_``.

In production (``LOKET_ENV=production``) whatever is missing or only fit for a demo stops the start; see
`production_faults`.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ADDRESS_FILE = "address"
"""In `LOKET_HOME`: where `loket serve` listened last, so that links and tokens made by other commands lead there."""
REGISTERS = ("licences", "records", "tax", "insurance", "health", "psychology", "jkn")
"""The registers that are looked up by one key; each has an address and a token of its own."""
_REGISTER_URLS = tuple(f"register_{name}_url" for name in REGISTERS)


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix="LOKET_", env_file=".env", extra="ignore", frozen=True)

    env: Literal["development", "production"] = Field(
        default="development",
        description="`production` refuses demo secrets, sandbox doors and the embedded identity provider.",
    )
    home: Path = Field(
        default=Path("var"), description="State directory: embedded database, object store, key ring, sandbox files."
    )
    database_url: str = Field(
        default="",
        description="`sqlite:///file` or `postgresql://user@host/db`; empty means `loket.db` in `LOKET_HOME`.",
    )
    database_pool: int = Field(
        default=10,
        ge=2,
        le=200,
        description="PostgreSQL connections that one process may hold, for each of three uses: changing, looking, hot look-ups.",
    )
    storage_url: str = Field(
        default="",
        description="`file:///dir`, `s3://bucket/prefix` or `memory:///`; empty means `objects/` in `LOKET_HOME`.",
    )
    keys: Path | None = Field(
        default=None,
        description="The key ring file (JSON). Empty means `keys.json` in `LOKET_HOME`, made at first start outside production.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="How people reach this server; stands in letters, QR codes and links. Outside production, where it is "
        "not set, it is the address on which `loket serve` listened last.",
    )
    rate_limits: Literal["on", "off"] = Field(
        default="on", description="`off` is for load tests and is refused in production."
    )
    rate_limit_store: str = Field(
        default="memory://",
        description="Where rate limits are counted: `memory://`, or `redis://host` for several processes.",
    )
    recogniser: str = Field(
        default="embedded",
        description="`embedded`, the name of another installed recogniser, the URL of a Plate-Recognizer-compatible server, or a "
        "`.yaml` file of several with a plan for each Polda or camera (docs/recognisers.md).",
    )
    recogniser_token: str = Field(
        default="", description="Token for a recogniser reached by URL, if it wants one.", repr=False
    )
    vehicle_registry_url: str = Field(
        default="", description="Vehicle registry by HTTP; empty means the embedded table."
    )
    vehicle_registry_token: str = Field(default="", description="Bearer token for the vehicle registry.", repr=False)
    population_registry_url: str = Field(
        default="", description="Population register (NIK) by HTTP; empty means the embedded table."
    )
    population_registry_token: str = Field(
        default="", description="Bearer token for the population register.", repr=False
    )
    register_licences_url: str = Field(
        default="", description="Driving licences (SIM) by HTTP; empty means the embedded table."
    )
    register_licences_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_records_url: str = Field(
        default="", description="Criminal records by HTTP; empty means the embedded table."
    )
    register_records_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_tax_url: str = Field(
        default="", description="Vehicle tax (Bapenda) by HTTP; empty means the embedded table."
    )
    register_tax_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_insurance_url: str = Field(
        default="", description="SWDKLLJ (Jasa Raharja) by HTTP; empty means the embedded table."
    )
    register_insurance_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_health_url: str = Field(
        default="", description="Drivers' health checks (e-Rikkes) by HTTP; empty means the embedded table."
    )
    register_health_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_psychology_url: str = Field(
        default="", description="Drivers' psychological tests (e-PPsi) by HTTP; empty means the embedded table."
    )
    register_psychology_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    register_jkn_url: str = Field(
        default="", description="National health insurance (JKN) by HTTP; empty means the embedded table."
    )
    register_jkn_token: str = Field(default="", description="Bearer token for that register.", repr=False)
    account_inquiry_url: str = Field(
        default="",
        description="Account inquiry (SNAP service 16) by HTTP: whose a bank account is. Empty means the embedded table; "
        "accounts that are not in it go to a person.",
    )
    account_inquiry_token: str = Field(default="", description="Bearer token for the account inquiry.", repr=False)
    paying_accounts: Path | None = Field(
        default=None,
        description="The file of the accounts out of which refunds are paid (`paying_accounts.yaml`, docs/refunds.md). Empty "
        "means made-up accounts, and none in production.",
    )
    catalogue: Path | None = Field(
        default=None,
        description="A directory with service files of your own, added to those of the release (docs/add-a-service.md).",
    )
    oidc_issuer: str = Field(
        default="", description="External OpenID issuer for staff and apps; empty means the embedded provider."
    )
    oidc_audience: str = Field(default="loket", description="The audience that access tokens must name.")
    oidc_client_id: str = Field(
        default="loket-counter", description="Client id of the counter pages at the OpenID issuer."
    )
    smtp_url: str = Field(
        default="",
        description="`smtp://user:password@host:port` for e-mail; empty means that e-mail is not sent.",
        repr=False,
    )
    smtp_sender: str = Field(default="loket@example.test", description="Sender address of e-mail.")
    message_gateway_url: str = Field(default="", description="HTTP gateway for SMS and WhatsApp; empty means none.")
    message_gateway_secret: str = Field(
        default="", description="Standard Webhooks secret (`whsec_...`) that signs gateway calls.", repr=False
    )
    trusted_proxies: str = Field(
        default="127.0.0.1", description="Addresses (comma separated) whose `X-Forwarded-For` is believed; `*` for all."
    )
    snap_path_prefix: str = Field(
        default="",
        description="Path that a proxy takes off before it hands on banks' calls, such as `/bank`: banks sign it too.",
    )
    qris_bank: str = Field(
        default="",
        description="Client id of the connected bank that makes QRIS codes for bills (SNAP service 47); empty means none.",
    )
    qris_merchant_id: str = Field(default="", description="Our merchant id at that bank.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` lines, or `console` for reading."
    )
    document_certificates: Path | None = Field(
        default=None,
        description="PEM file with the certificates of the key ring `documents` and of the authorities above them: issued "
        "papers are sealed under them (docs/issued-documents.md). Empty means certificates of our own making, and none in production.",
    )
    timestamp_url: str = Field(
        default="",
        description="Time stamp authority (RFC 3161) whose word on the time goes into each seal; empty means none.",
    )
    transparency_origin: str = Field(
        default="loket.example/etle", description="The origin line of signed log checkpoints (C2SP tlog-checkpoint)."
    )
    stop_grace_s: int = Field(
        default=20, ge=1, le=600, description="Seconds that requests and jobs in flight get to finish after SIGTERM."
    )

    @model_validator(mode="before")
    @classmethod
    def _served_last(cls, values: dict[str, Any]) -> dict[str, Any]:
        noted = Path(values.get("home") or "var") / ADDRESS_FILE
        if "public_url" in values or values.get("env") == "production" or not noted.is_file():
            return values
        return {**values, "public_url": noted.read_text().strip()}

    @field_validator(
        "public_url",
        "snap_path_prefix",
        "oidc_issuer",
        "vehicle_registry_url",
        "message_gateway_url",
        "account_inquiry_url",
        "population_registry_url",
        *_REGISTER_URLS,
    )
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def effective_database_url(self) -> str:
        """The database URL with its default filled in."""
        return self.database_url or f"sqlite:///{(self.home / 'loket.db').resolve()}"

    @property
    def effective_storage_url(self) -> str:
        """The object store's URL with its default filled in."""
        return self.storage_url or (self.home / "objects").resolve().as_uri()

    @property
    def keys_file(self) -> Path:
        """Where the key ring lies."""
        return self.keys or self.home / "keys.json"

    def production_faults(self) -> list[str]:
        """What must be mended before a production start, a sentence each; empty outside production."""
        if not self.production:
            return []
        faults = []
        if self.rate_limits == "off":
            faults.append("LOKET_RATE_LIMITS=off is refused in production: remove it.")
        if not self.oidc_issuer:
            faults.append("LOKET_OIDC_ISSUER is missing: the embedded identity provider is for demonstrations only.")
        for name in (
            "oidc_issuer",
            "vehicle_registry_url",
            "message_gateway_url",
            "account_inquiry_url",
            "population_registry_url",
            *_REGISTER_URLS,
        ):
            if getattr(self, name).startswith("http:"):
                faults.append(f"LOKET_{name.upper()} must be an https address: secrets and personal data go there.")
        if "*" in self.trusted_proxies.replace(" ", "").split(","):
            faults.append(
                "LOKET_TRUSTED_PROXIES=* lets every caller choose the address that limits are counted by: name the proxies."
            )
        if self.keys is None or not self.keys.exists():
            faults.append("LOKET_KEYS must name an existing key ring file; make one with `loket keys new FILE`.")
        if self.document_certificates is None or not self.document_certificates.exists():
            faults.append(
                "LOKET_DOCUMENT_CERTIFICATES must name a PEM file with a certificate for the key ring `documents`: ask an "
                "authority for one with `loket keys request-certificate`."
            )
        if not self.public_url.startswith("https://"):
            faults.append("LOKET_PUBLIC_URL must be an https address.")
        if self.effective_database_url.startswith("sqlite"):
            faults.append("LOKET_DATABASE_URL must name a PostgreSQL database.")
        if self.message_gateway_url and not self.message_gateway_secret:
            faults.append(
                "LOKET_MESSAGE_GATEWAY_SECRET is missing: calls to the gateway and its receipts must be signed."
            )
        if self.smtp_sender.endswith("@example.test"):
            faults.append("LOKET_SMTP_SENDER must be a real sender address.")
        return faults

"""What the operator may set for the auth service."""

from pydantic import Field, SecretStr

from flash_core.config.settings import DatabaseUrl, ServiceSettings


class AuthSettings(ServiceSettings):
    database_url_auth: DatabaseUrl = Field(
        default="postgresql+asyncpg://auth@127.0.0.1:5432/auth", description="The auth service's own database."
    )
    public_url: str = Field(
        default="http://localhost:8080", description="Where browsers reach the fleet; with https, cookies are Secure."
    )
    askflash_admin_email: str = Field(
        default="admin@askflash.local", description="The first administrator, made while there is none."
    )
    askflash_admin_password: SecretStr = Field(
        default=SecretStr(""), description="The first administrator's password; without it none is made."
    )
    auth_password_grant: bool = Field(
        default=True,
        description="0 switches `grant_type=password` at the token endpoint off; the page is not affected.",
    )

    @property
    def database_url(self) -> str:
        return self.database_url_auth

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")


Settings = AuthSettings

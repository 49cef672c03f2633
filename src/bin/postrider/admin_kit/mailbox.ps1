# The way by mailbox permission. For an Exchange administrator, in PowerShell.
# Before it: the app has the application permission SMTP.SendAsApp, and an administrator has consented.
# The object id is the one under "Enterprise applications", not the one under "App registrations".

Install-Module -Name ExchangeOnlineManagement
Import-Module ExchangeOnlineManagement
Connect-ExchangeOnline -Organization '{tenant}'

# 1. Make the app known to Exchange, and look at what Exchange has noted.
$app = New-ServicePrincipal -AppId '{client_id}' -ObjectId '{object_id}' -DisplayName '{display_name}'
# Only if it is known already: take it from there instead.
# $app = Get-ServicePrincipal -Identity '{object_id}'
$app | Format-List

# 2. Let the app open this one mailbox.
Add-MailboxPermission -Identity '{mailbox}' -User $app.Identity -AccessRights FullAccess

# 3. Only if sending ends with SendAsDenied: let the app send as the mailbox, too.
# Add-RecipientPermission -Identity '{mailbox}' -Trustee $app.Identity -AccessRights SendAs

# 4. Let this mailbox sign in over SMTP, whatever the organization's setting is.
Set-CASMailbox -Identity '{mailbox}' -SmtpClientAuthenticationDisabled $false

# The way by RBAC for Applications. For an Exchange administrator, in PowerShell.
# Before it: the app has NO API permission. SMTP.SendAsApp would ask for the mailbox permission again.
# The object id is the one under "Enterprise applications", not the one under "App registrations".

Install-Module -Name ExchangeOnlineManagement
Import-Module ExchangeOnlineManagement
Connect-ExchangeOnline -Organization '{tenant}'

# 1. Make the app known to Exchange.
New-ServicePrincipal -AppId '{client_id}' -ObjectId '{object_id}' -DisplayName '{display_name}'

# 2. Say for which mailbox: this one and no other.
New-ManagementScope -Name '{display_name}' -RecipientRestrictionFilter "PrimarySmtpAddress -eq '{mailbox}'"

# 3. Let the app send from the mailboxes of that scope.
New-ManagementRoleAssignment -Name '{display_name}' -Role 'Application SMTP.SendAsApp' -App '{client_id}' -CustomResourceScope '{display_name}'

# 4. Let this mailbox sign in over SMTP, whatever the organization's setting is.
Set-CASMailbox -Identity '{mailbox}' -SmtpClientAuthenticationDisabled $false

# 5. Look whether it holds: the row of the role must say that the mailbox is in scope.
Test-ServicePrincipalAuthorization -Identity '{client_id}' -Resource '{mailbox}' | Format-Table

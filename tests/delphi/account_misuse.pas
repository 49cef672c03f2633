{ Wrong use of accounts: always an error that names the argument, never a crash. }
program account_misuse;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, PostriderApi, Postrider, Check;

var
  Account: TPostriderAccount;

procedure SignIn;
begin
  Account.SignIn(60000);
end;

procedure UnknownProvider;
begin
  TPostriderAccount.Create('nobody');
end;

procedure BrokenJson;
begin
  TPostriderAccount.Create('custom', '{"custom": ');
end;

procedure NoClient;
begin
  Account.SetClient('');
end;

procedure NoUser;
begin
  Account.SetUser('');
end;

procedure NulInUser;
begin
  Account.SetUser('anna'#0'@example.org');
end;

procedure LoneSurrogate;
begin
  Account.AddScope(TPostriderString('a') + WideChar($D83D));
end;

procedure NoScope;
begin
  Account.AddScope(' ');
end;

procedure NoTime;
begin
  Account.SetTimeout(0);
end;

procedure NoTimeForThePerson;
begin
  Account.SignIn(0);
end;

procedure UnknownProxy;
begin
  Account.SetProxy('ftp://proxy.test');
end;

procedure PasswordWithoutUser;
begin
  Account.SetProxy('env', '', 's3cret');
end;

procedure MissingCa;
begin
  Account.AddCaFile('/no/such/file');
end;

procedure NoPem;
begin
  Account.AddCaPem(nil, 0);
end;

procedure NoKey;
begin
  Account.UseCertificatePem(nil, 0, nil, 0);
end;

procedure NoPfx;
const
  Garbage: AnsiString = 'garbage';
begin
  Account.UseCertificatePfx(Pointer(Garbage), Length(Garbage), '');
end;

procedure NoServiceAccount;
const
  Garbage: AnsiString = 'garbage';
begin
  Account.UseServiceAccount(Pointer(Garbage), Length(Garbage));
end;

procedure NoRefreshToken;
begin
  Account.SetRefreshToken('');
end;

procedure ClientCredentials;
begin
  Account.UseClientCredentials;
end;

procedure ShortPassphrase;
begin
  Account.SetRefreshToken('refresh');
  Account.Export('no-such-file', 'short');
end;

procedure ImportNothing;
begin
  Account.Import('/no/such/file', 'long enough');
end;

procedure Poll;
begin
  Account.PollSignIn;
end;

procedure Complete;
begin
  Account.CompleteSignIn('http://127.0.0.1/?code=1');
end;

procedure OpenBrowser;
begin
  Account.OpenBrowser;
end;

procedure CheckIt;
begin
  Account.CheckSignIn;
end;

procedure Fetch;
begin
  Account.FetchToken;
end;

procedure CancelIt;
begin
  Account.Cancel;
end;

procedure AWrongArgumentIsNamed;
begin
  Verify(Failure(UnknownProvider).Status = MAIL_STATUS_INVALID_ARGUMENT, 'provider');
  Verify(Pos('nobody', string(Failure(UnknownProvider).Text)) > 0, 'the text names no provider');
  Verify(Failure(BrokenJson).Status = MAIL_STATUS_INVALID_ARGUMENT, 'JSON');
  Verify(Failure(NoClient).Status = MAIL_STATUS_INVALID_ARGUMENT, 'client');
  Verify(Pos('client_id', string(Failure(NoClient).Text)) > 0, 'the text names no client_id');
  Verify(Failure(NoUser).Status = MAIL_STATUS_INVALID_ARGUMENT, 'user');
  Verify(Failure(NulInUser).Status = MAIL_STATUS_INVALID_ARGUMENT, 'NUL');
  Verify(Failure(NulInUser).Text = 'user must not contain NUL', 'text of NUL');
  Verify(Failure(LoneSurrogate).Status = MAIL_STATUS_INVALID_UTF8, 'surrogate');
  Verify(Failure(NoScope).Status = MAIL_STATUS_INVALID_ARGUMENT, 'scope');
  Verify(Failure(NoTime).Status = MAIL_STATUS_INVALID_ARGUMENT, 'timeout');
  Verify(Failure(NoTimeForThePerson).Status = MAIL_STATUS_INVALID_ARGUMENT, 'time for the person');
  Verify(Failure(UnknownProxy).Status = MAIL_STATUS_INVALID_ARGUMENT, 'proxy');
  Verify(Failure(PasswordWithoutUser).Status = MAIL_STATUS_NULL_POINTER, 'a password without user');
  Verify(Failure(MissingCa).Status = MAIL_STATUS_FILE, 'CA file');
  Verify(Failure(NoPem).Status = MAIL_STATUS_NULL_POINTER, 'PEM');
  Verify(Failure(NoKey).Status = MAIL_STATUS_NULL_POINTER, 'key');
  Verify(Failure(NoPfx).Status = MAIL_STATUS_INVALID_ARGUMENT, 'PFX');
  Verify(Failure(NoServiceAccount).Status = MAIL_STATUS_INVALID_ARGUMENT, 'service account');
  Verify(Failure(NoRefreshToken).Status = MAIL_STATUS_INVALID_ARGUMENT, 'refresh token');
  Verify(Failure(ClientCredentials).Status = MAIL_STATUS_UNSUPPORTED, 'client credentials');
  Verify(Failure(ShortPassphrase).Status = MAIL_STATUS_INVALID_ARGUMENT, 'passphrase');
  Verify(Failure(ImportNothing).Status = MAIL_STATUS_STORE, 'import');
end;

procedure WithoutASignInThereIsNothingToGoOnWith;
var
  Mail: TPostriderMail;
begin
  Verify(Failure(CheckIt).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'check');
  Verify(Failure(CheckIt).Cause = 'needs_sign_in', 'cause');
  Verify(Failure(Fetch).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'fetch');
  Verify(Failure(Poll).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'poll');
  Verify(Failure(Poll).Cause = 'sign_in_not_begun', 'cause of poll');
  Verify(Failure(Complete).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'complete');
  Verify(Failure(OpenBrowser).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'browser');
  Verify(Account.SignInUrl + Account.SignInCompleteUrl + Account.SignInUserCode +
    Account.SignInMessage = '', 'what to show');
  Verify(Account.SignInExpiresIn = 0, 'how long');
  Verify(Account.AccessToken + Account.TokenScopes + Account.Address + Account.UserName = '',
    'token');
  Verify(Account.TokenExpiresAt = 0, 'end of the token');
  Account.SignOut;
  Mail := CompleteMail(9);
  Mail.SetAccount(Account);
  Verify(FailedWith(Mail) = MAIL_STATUS_NEEDS_SIGN_IN, 'send');
  Mail.Free;
end;

procedure AFreedAccountIsAnError;
var
  Mail: TPostriderMail;
  Status: Integer;
begin
  Mail := CompleteMail(9);
  Verify(mail_account_cancel(Mail.Handle) = MAIL_STATUS_INVALID_HANDLE, 'a mail is no account');
  Verify(mail_cancel(Account.Handle) = MAIL_STATUS_INVALID_HANDLE, 'an account is no mail');
  mail_account_free(Account.Handle);
  Verify(Failure(CheckIt).Status = MAIL_STATUS_INVALID_HANDLE, 'check');
  Verify(Failure(CancelIt).Status = MAIL_STATUS_INVALID_HANDLE, 'cancel');
  Verify(Failure(SignIn).Status = MAIL_STATUS_INVALID_HANDLE, 'sign in');
  Verify(Account.AccessToken = '', 'token');
  Status := 0;
  try
    Mail.SetAccount(Account);
  except
    on E: EPostrider do
      Status := E.Status;
  end;
  Verify(Status = MAIL_STATUS_INVALID_HANDLE, 'freed');
  Status := 0;
  try
    Mail.SetAccount(nil);
  except
    on E: EPostrider do
      Status := E.Status;
  end;
  Verify(Status = MAIL_STATUS_INVALID_HANDLE, 'nil');
  Mail.Free;
end;

{ Runs one test with an account of its own. }
procedure RunFresh(const Name: string; Test: TTest);
begin
  Account := OfflineAccount;
  Run(Name, Test);
  Account.Free;
end;

begin
  RunFresh('AWrongArgumentIsNamed', AWrongArgumentIsNamed);
  RunFresh('WithoutASignInThereIsNothingToGoOnWith', WithoutASignInThereIsNothingToGoOnWith);
  RunFresh('AFreedAccountIsAnError', AFreedAccountIsAnError);
end.

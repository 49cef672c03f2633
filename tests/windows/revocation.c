/* Says of every certificate that it is not revoked, in place of Wine's cryptnet.dll. Wine does not
   know the flag by which a program accepts certificates whose revocation nobody can tell, as are
   those of the tests, and refuses them; Windows does know it. For tests only. */
#include <windows.h>
#include <wincrypt.h>

__declspec(dllexport) BOOL WINAPI CertDllVerifyRevocation(DWORD encoding, DWORD type, DWORD count,
    void **contexts, DWORD flags, CERT_REVOCATION_PARA *para, CERT_REVOCATION_STATUS *status)
{
    return TRUE;
}

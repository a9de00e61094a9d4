/* error.c: names and texts of the error codes.
 * Touches the one list in eddy/error.h. Never NULL, whatever the number. */
#include <eddy/error.h>

const char *eddy_strerror(int code)
{
    switch (code) {
#define EDDYI_TEXT(name, number, text)                                                                       \
    case EDDY_##name:                                                                                        \
        return text;
        EDDY_ERROR_MAP(EDDYI_TEXT)
#undef EDDYI_TEXT
    default:
        return code >= 0 ? "success" : code <= EDDY_EUSER ? "application error" : "unknown error";
    }
}

const char *eddy_error_name(int code)
{
    switch (code) {
#define EDDYI_NAME(name, number, text)                                                                       \
    case EDDY_##name:                                                                                        \
        return "EDDY_" #name;
        EDDY_ERROR_MAP(EDDYI_NAME)
#undef EDDYI_NAME
    default:
        return code <= EDDY_EUSER ? "EDDY_EUSER" : "EDDY_E?";
    }
}

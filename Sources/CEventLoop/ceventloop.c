#include "ceventloop.h"

// NGSILDQuery
